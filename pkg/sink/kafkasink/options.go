package kafkasink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
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

// ErrOptions is what every error of New wraps.
var ErrOptions = errors.New("kafkasink: options")

// Mechanism is how the sink proves who it is, by the name SASL gives it.
type Mechanism string

// The mechanisms of Tencent CKafka (www.tencentcloud.com/document/product/597/73498) and most
// others. Plain sends the password itself: use it with TLS only, or inside a private network.
const (
	None        Mechanism = ""
	Plain       Mechanism = "PLAIN"
	ScramSHA256 Mechanism = "SCRAM-SHA-256"
	ScramSHA512 Mechanism = "SCRAM-SHA-512"

	// AWSMSKIAM is Amazon MSK's: a request signed with AWS credentials in place of a password, over
	// TLS alone. MSK Serverless takes nothing else (docs.aws.amazon.com/msk, "IAM access control",
	// 2026-11-26).
	AWSMSKIAM Mechanism = "AWS_MSK_IAM"
)

// AWSCredentials sign for AWSMSKIAM. SessionToken is "" for those that last.
type AWSCredentials struct {
	AccessKeyID     string
	SecretAccessKey secret.String
	SessionToken    secret.String
}

// DefaultMaxBytes is the limit of a topic that sets none (kafka.apache.org/documentation, topic
// configuration max.message.bytes, 4.3; CKafka allows up to 12 MB,
// www.tencentcloud.com/document/product/597/39601, 2026-01-20).
const DefaultMaxBytes = 1048588

// Options says where events go.
type Options struct {
	Brokers []string // HOST:PORT of some brokers, which name the others
	Topic   string   // it must exist

	TLS *tls.Config // nil: none

	SASL     Mechanism
	Username secret.String // for CKafka INSTANCE#USER
	Password secret.String

	// AWS returns the credentials for AWSMSKIAM, afresh for each connection, since they expire.
	AWS func(context.Context) (AWSCredentials, error)

	// MaxBytes is the topic's max.message.bytes, 0 for DefaultMaxBytes. It may be set too
	// high: the topic's own limit is found out when it refuses a record.
	MaxBytes int
}

// The pace of the client. Its own defaults are meant for long-lived processes with no
// deadline; these leave room, inside a budget of 1.5 s, to find a connection dead and use another.
const (
	// A broker has produceTimeout to replicate a record, and an answer that is later by more
	// than requestOverhead means that the connection is dead: so it is after a freeze.
	produceTimeout  = 250 * time.Millisecond
	requestOverhead = 500 * time.Millisecond

	dialTimeout    = time.Second
	metadataPause  = 100 * time.Millisecond
	firstBackoff   = 20 * time.Millisecond
	longestBackoff = 500 * time.Millisecond

	// unknownRetries is how often a topic may be unknown to a broker before we believe it.
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
		host, port, err := net.SplitHostPort(broker)
		if _, notNumber := strconv.ParseUint(port, 10, 16); err != nil || host == "" || notNumber != nil {
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
		kgo.ProducerBatchCompression(kgo.NoCompression()), // one event a batch: little to gain, and its size is known
		kgo.ProducerBatchMaxBytes(int32(o.MaxBytes + batchSlack)),

		// Without it a record that is on its way when the context ends stays with the client, and
		// is sent until it arrives, however long that takes. The price: a record that failed
		// and is sent again by the caller may be in the topic twice.
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

// CheckSASL says whether New takes a mechanism with its credentials, where configuration wants to
// know before it has brokers and a topic; of options it looks at SASL, Username, Password and AWS.
// Its error wraps ErrOptions.
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
