package kafkasink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/aws"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"msgext/internal/outbound"
	"msgext/pkg/secret"
)

// Every error of New wraps ErrOptions.
var ErrOptions = errors.New("kafkasink: options")

// Mechanism is how the sink authenticates itself, by its SASL name.
type Mechanism string

// The mechanisms of Tencent CKafka (www.tencentcloud.com/document/product/597/73498) and most other
// services. Plain sends the password itself: use it only with TLS, or inside a private network.
const (
	None        Mechanism = ""
	Plain       Mechanism = "PLAIN"
	ScramSHA256 Mechanism = "SCRAM-SHA-256"
	ScramSHA512 Mechanism = "SCRAM-SHA-512"

	// AWSMSKIAM is Amazon MSK's: a request signed with AWS credentials instead of a password, only
	// over TLS. MSK Serverless supports nothing else (docs.aws.amazon.com/msk, "IAM access
	// control", 2026-11-26).
	AWSMSKIAM Mechanism = "AWS_MSK_IAM"
)

// AWSCredentials sign for AWSMSKIAM. SessionToken is "" for long-term credentials.
type AWSCredentials struct {
	AccessKeyID     string
	SecretAccessKey secret.String
	SessionToken    secret.String
}

// DefaultMaxBytes is the limit of a topic that does not set one (kafka.apache.org/documentation,
// topic configuration max.message.bytes, 4.3; CKafka allows up to 12 MB,
// www.tencentcloud.com/document/product/597/39601, 2026-01-20).
const DefaultMaxBytes = 1048588

// Options says where events go.
type Options struct {
	Brokers []string // HOST:PORT of some brokers; they tell the others
	Topic   string   // it must exist

	TLS *tls.Config // nil: none

	SASL     Mechanism
	Username secret.String // for CKafka INSTANCE#USER
	Password secret.String

	// AWS returns the credentials for AWSMSKIAM. It is called for each connection, because
	// credentials expire.
	AWS func(context.Context) (AWSCredentials, error)

	// MaxBytes is the topic's max.message.bytes, 0 for DefaultMaxBytes. It may be set too high: the
	// sink learns the topic's own limit when the topic refuses a record.
	MaxBytes int
}

// The client's time-outs. Its defaults are meant for long-lived processes without a deadline. These
// are short enough to detect a dead connection and use another within a budget of 1.5 s.
const (
	// A broker has produceTimeout to replicate a record. If its answer is later than that by more
	// than requestOverhead, the connection is dead, as after a freeze.
	produceTimeout  = 250 * time.Millisecond
	requestOverhead = 500 * time.Millisecond

	dialTimeout    = time.Second
	metadataPause  = 100 * time.Millisecond
	firstBackoff   = 20 * time.Millisecond
	longestBackoff = 500 * time.Millisecond

	// unknownRetries is how often a broker may report an unknown topic before we believe it.
	unknownRetries = 2

	// lostAfter ends a Send whose context has no deadline.
	lostAfter = 30 * time.Second
)

// client returns the options of the Kafka client. Its error wraps ErrOptions.
func (o Options) client(log kgo.Logger) ([]kgo.Opt, error) {
	if len(o.Brokers) == 0 || o.Topic == "" {
		return nil, fmt.Errorf("%w: brokers and topic are required", ErrOptions)
	}
	if !isTopic(o.Topic) {
		return nil, fmt.Errorf("%w: a topic has up to 249 letters, digits, dots, hyphens and underscores", ErrOptions)
	}
	for _, broker := range o.Brokers {
		if _, _, err := net.SplitHostPort(broker); err != nil || !outbound.IsHost(broker) {
			return nil, fmt.Errorf("%w: a broker is not HOST:PORT", ErrOptions)
		}
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(o.Brokers...),
		kgo.ClientID("msgext"),
		kgo.DisableClientMetrics(), // an extra request to each broker
		kgo.WithLogger(log),

		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerLinger(0),
		// One event a batch: it would save little, and the size must be known.
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerBatchMaxBytes(int32(o.MaxBytes + batchSlack)),

		// Without this option, a record that is being sent when the context ends stays with the
		// client and is sent until it arrives, however late. The option's cost: if a record failed
		// and the caller sends it again, the topic may hold it twice.
		kgo.AllowIdempotentProduceCancellation(),

		kgo.ProduceRequestTimeout(produceTimeout),
		kgo.RequestTimeoutOverhead(requestOverhead),
		kgo.RecordDeliveryTimeout(lostAfter),
		kgo.UnknownTopicRetries(unknownRetries),
		kgo.DialTimeout(dialTimeout),
		kgo.ConnIdleTimeout(outbound.IdleTimeout),
		kgo.MetadataMinAge(metadataPause),
		kgo.RetryBackoffFn(outbound.Policy{First: 2 * firstBackoff, Longest: longestBackoff}.Pause),
	}
	switch {
	case o.TLS != nil:
		opts = append(opts, kgo.DialTLSConfig(o.TLS))
	case o.SASL == AWSMSKIAM:
		opts = append(opts, kgo.DialTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12}))
	}
	mechanism, err := mechanism(o.SASL, o.Username, o.Password, o.AWS)
	if err != nil {
		return nil, err
	}
	if mechanism != nil {
		opts = append(opts, kgo.SASL(mechanism))
	}
	if err := kgo.ValidateOpts(opts...); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return opts, nil
}

// isTopic reports whether a topic may be called name (github.com/apache/kafka,
// clients/src/main/java/org/apache/kafka/common/internals/Topic.java, 4.1).
func isTopic(name string) bool {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
	return len(name) <= 249 && name != "." && name != ".." && strings.Trim(name, allowed) == ""
}

// CheckSASL reports whether New accepts a mechanism with its credentials. It is for checking
// configuration before brokers and topic are known. It uses only the options SASL, Username,
// Password and AWS. Its error wraps ErrOptions.
func CheckSASL(options Options) error {
	_, err := mechanism(options.SASL, options.Username, options.Password, options.AWS)
	return err
}

// mechanism returns nil for None.
func mechanism(name Mechanism, username, password secret.String, credentials func(context.Context) (AWSCredentials, error)) (sasl.Mechanism, error) {
	user, pass := username.Reveal(), password.Reveal()
	switch name {
	case None, Plain, ScramSHA256, ScramSHA512:
		if (name == None) != (user == "") || (name == None) != (pass == "") {
			return nil, fmt.Errorf("%w: SASL mechanism, user name and password go together", ErrOptions)
		}
	case AWSMSKIAM:
		return mskIAM(user+pass != "", credentials)
	default:
		return nil, fmt.Errorf("%w: SASL mechanism is not PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or AWS_MSK_IAM", ErrOptions)
	}
	switch name {
	case Plain:
		return plain.Auth{User: user, Pass: pass}.AsMechanism(), nil
	case ScramSHA256:
		return scram.Auth{User: user, Pass: pass}.AsSha256Mechanism(), nil
	case ScramSHA512:
		return scram.Auth{User: user, Pass: pass}.AsSha512Mechanism(), nil
	}
	return nil, nil
}

func mskIAM(hasPassword bool, credentials func(context.Context) (AWSCredentials, error)) (sasl.Mechanism, error) {
	switch {
	case hasPassword:
		return nil, fmt.Errorf("%w: AWS_MSK_IAM takes no user name and no password", ErrOptions)
	case credentials == nil:
		return nil, fmt.Errorf("%w: AWS_MSK_IAM needs AWS credentials, which this program does not look for", ErrOptions)
	}
	return aws.ManagedStreamingIAM(func(ctx context.Context) (aws.Auth, error) {
		c, err := credentials(ctx)
		if err != nil {
			return aws.Auth{}, err
		}
		return aws.Auth{
			AccessKey: c.AccessKeyID, SecretKey: c.SecretAccessKey.Reveal(), SessionToken: c.SessionToken.Reveal(), UserAgent: "msgext",
		}, nil
	}), nil
}
