package kafkasink_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"msgext/internal/outbound/outboundtest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/sink/kafkasink"
	"msgext/pkg/sink/sinktest"
)

// franz-go's fake broker produces the faults of this file.

func fake(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(2), kfake.SeedTopics(1, "events")}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return cluster
}

func TestSink_SendSurvives(t *testing.T) {
	refuse := func(code *kerr.Error) func(*kfake.Cluster) {
		return func(c *kfake.Cluster) {
			c.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
				response := request.ResponseKind().(*kmsg.ProduceResponse)
				for _, topic := range request.(*kmsg.ProduceRequest).Topics {
					answer := kmsg.NewProduceResponseTopic()
					answer.Topic, answer.TopicID = topic.Topic, topic.TopicID
					for _, partition := range topic.Partitions {
						part := kmsg.NewProduceResponseTopicPartition()
						part.Partition, part.ErrorCode = partition.Partition, code.Code
						answer.Partitions = append(answer.Partitions, part)
					}
					response.Topics = append(response.Topics, answer)
				}
				return response, nil, true
			})
		}
	}
	tests := []struct {
		name  string
		fault func(*kfake.Cluster)
	}{
		{name: "another broker leads now", fault: func(c *kfake.Cluster) {
			require.NoError(t, c.MoveTopicPartition("events", 0, 1-c.LeaderFor("events", 0)))
		}},
		{name: "not the leader, says the leader", fault: refuse(kerr.NotLeaderForPartition)},
		{name: "too few replicas for the moment", fault: refuse(kerr.NotEnoughReplicas)},
		{name: "replicas were late", fault: refuse(kerr.RequestTimedOut)},
		{name: "connection cut while the request is on its way", fault: func(c *kfake.Cluster) {
			c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
				return nil, errors.New("cut"), true
			})
		}},
		{name: "connection took the request and is silent", fault: func(c *kfake.Cluster) {
			c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) { return nil, nil, true })
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cluster := fake(t)
			s := open(t, kafkasink.Options{Brokers: cluster.ListenAddrs(), Topic: "events"})
			require.NoError(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 1, "a")))
			tt.fault(cluster)
			require.NoError(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 2, "b")))
			require.NoError(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 3, "c")))

			got := records(t, cluster.ListenAddrs(), "events", 3)
			require.Len(t, got, 3, "a retry adds no record")
			for i, record := range got {
				assert.Equal(t, string(sinktest.Change(t, "@TGS#a/b", int64(i+1), string(rune('a'+i))).JSON()), string(record.Value))
			}
		})
	}
}

// A record whose Send has failed must not arrive later on its own.
func TestSink_SendGivesUpForGood(t *testing.T) {
	cluster := fake(t)
	s := open(t, kafkasink.Options{Brokers: cluster.ListenAddrs(), Topic: "events"})
	require.NoError(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 1, "a")))

	down := true
	cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		return nil, errors.New("down"), down
	})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Send(ctx, sinktest.Change(t, "@TGS#a/b", 2, "lost")), context.DeadlineExceeded)

	cluster.Control(func(kmsg.Request) (kmsg.Response, error, bool) {
		down = false
		cluster.DropControl()
		return nil, nil, false
	})
	require.NoError(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 3, "c")))
	require.NoError(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 4, "d")))
	got := records(t, cluster.ListenAddrs(), "events", 3)
	require.Len(t, got, 3)
	for i, want := range []string{`"a"`, `"c"`, `"d"`} {
		assert.Contains(t, string(got[i].Value), want)
	}
}

// When the client gives up one record, it fails all records that wait for the same partition.
// Another Send must not be affected.
func TestSink_SendOutlivesTheContextOfAnotherSend(t *testing.T) {
	cluster := fake(t)
	s := open(t, kafkasink.Options{Brokers: cluster.ListenAddrs(), Topic: "events"})
	require.NoError(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 1, "a")))

	// The first produce request is cut off as long as the short Send runs.
	short, end := context.WithCancel(t.Context())
	defer end()
	reached := make(chan struct{}, 1000)
	cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		reached <- struct{}{}
		return nil, errors.New("cut"), short.Err() == nil
	})
	ended, sent := make(chan error, 1), make(chan error, 1)
	go func() { ended <- s.Send(short, sinktest.Change(t, "@TGS#a/b", 2, "b")) }()
	<-reached
	go func() { sent <- s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 3, "c")) }()
	<-reached // a retry, by now perhaps with both
	end()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.NoError(t, <-sent)
}

func TestSink_SendHonoursTheContext(t *testing.T) {
	cluster := fake(t)
	tests := []struct {
		name    string
		brokers []string
		prepare func()
	}{
		{name: "no broker listens", brokers: []string{"127.0.0.1:1"}},
		{name: "no broker answers", brokers: cluster.ListenAddrs(), prepare: func() {
			cluster.Control(func(kmsg.Request) (kmsg.Response, error, bool) { cluster.KeepControl(); return nil, nil, true })
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.prepare != nil {
				tt.prepare()
			}
			s := open(t, kafkasink.Options{Brokers: tt.brokers, Topic: "events"})
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			require.ErrorIs(t, s.Send(ctx, sinktest.Change(t, "@TGS#a/b", 1, "a")), context.DeadlineExceeded)
			cancelled, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, s.Send(cancelled, sinktest.Change(t, "@TGS#a/b", 1, "a")), context.Canceled)
		})
	}
}

func TestSink_SendTellsWhyItCannotConnect(t *testing.T) {
	s := open(t, kafkasink.Options{Brokers: []string{"127.0.0.1:1"}, Topic: "events"})
	err := failure(t, s, func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) })
	assert.NotContains(t, err.Error(), "127.0.0.1", "an address reaches no log")
}

func TestSink_SASL(t *testing.T) {
	const user, password, wrong = secret.String("ckafka-1#app"), secret.String("pässword"), secret.String("planted-9c1e")
	for _, mechanism := range []kafkasink.Mechanism{kafkasink.Plain, kafkasink.ScramSHA256, kafkasink.ScramSHA512} {
		t.Run(string(mechanism), func(t *testing.T) {
			cluster := fake(t, kfake.EnableSASL(), kfake.Superuser(string(mechanism), user.Reveal(), password.Reveal()))
			options := kafkasink.Options{Brokers: cluster.ListenAddrs(), Topic: "events", SASL: mechanism, Username: user, Password: password}
			require.NoError(t, open(t, options).Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 1, "a")))

			options.Password = wrong
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			err := open(t, options).Send(ctx, sinktest.Change(t, "@TGS#a/b", 2, "b"))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.NotContains(t, err.Error(), wrong.Reveal())
		})
	}
}

func TestSink_TLS(t *testing.T) {
	https := httptest.NewTLSServer(http.NotFoundHandler()) // its certificate names 127.0.0.1
	defer https.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(https.Certificate())
	cluster := fake(t, kfake.TLS(&tls.Config{Certificates: https.TLS.Certificates}),
		kfake.EnableSASL(), kfake.Superuser("PLAIN", "app", "pass"))
	options := kafkasink.Options{
		Brokers: cluster.ListenAddrs(), Topic: "events",
		TLS: &tls.Config{RootCAs: trusted}, SASL: kafkasink.Plain, Username: "app", Password: "pass",
	}
	require.NoError(t, open(t, options).Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 1, "a")))

	options.TLS = &tls.Config{}
	failure(t, open(t, options), untrusted)
}

// A broker such as Amazon MSK's gets, over TLS, a request that is signed with credentials, which
// are requested for each connection. The fake broker takes its place: the test checks what it
// receives, but not the signature.
func TestSink_MSKIAM(t *testing.T) {
	https := httptest.NewTLSServer(http.NotFoundHandler())
	defer https.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(https.Certificate())
	t.Setenv("AWS_REGION", "eu-central-1") // the names of MSK's brokers contain it
	cluster := fake(t, kfake.NumBrokers(1), kfake.TLS(&tls.Config{Certificates: https.TLS.Certificates}))
	cluster.ControlKey(int16(kmsg.SASLHandshake), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		assert.Equal(t, "AWS_MSK_IAM", request.(*kmsg.SASLHandshakeRequest).Mechanism)
		return request.ResponseKind(), nil, true
	})
	var signed []map[string]string
	cluster.ControlKey(int16(kmsg.SASLAuthenticate), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		var fields map[string]string
		assert.NoError(t, json.Unmarshal(request.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes, &fields))
		signed = append(signed, fields)
		response := request.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		response.SASLAuthBytes = []byte(`{"version":"2020_10_22"}`)
		return response, nil, true
	})
	var asked atomic.Int64
	options := kafkasink.Options{
		Brokers: cluster.ListenAddrs(), Topic: "events", TLS: &tls.Config{RootCAs: trusted}, SASL: kafkasink.AWSMSKIAM,
		AWS: func(context.Context) (kafkasink.AWSCredentials, error) {
			return kafkasink.AWSCredentials{AccessKeyID: fmt.Sprint("AKIA", asked.Add(1)), SecretAccessKey: "planted-9c1e", SessionToken: "session"}, nil
		},
	}
	require.NoError(t, open(t, options).Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 1, "a")))
	require.NotEmpty(t, signed)
	credentials := make(map[string]bool)
	for _, fields := range signed {
		assert.Equal(t, "kafka-cluster:Connect", fields["action"])
		assert.Regexp(t, `^AKIA\d+/\d{8}/eu-central-1/kafka-cluster/aws4_request$`, fields["x-amz-credential"])
		credentials[fields["x-amz-credential"]] = true
		assert.Equal(t, "session", fields["x-amz-security-token"])
		assert.Len(t, fields["x-amz-signature"], 64)
		assert.NotContains(t, fmt.Sprint(fields), "planted-9c1e")
	}
	assert.Len(t, credentials, len(signed), "each connection's own, in whatever order they authenticate")

	options.TLS = nil // TLS all the same
	failure(t, open(t, options), untrusted)
}

func TestSink_SendNotAllowed(t *testing.T) {
	allow := func(resource kmsg.ACLResourceType, name string, operation kmsg.ACLOperation) kfake.ACL {
		return kfake.ACL{Resource: resource, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: operation, Allow: true}
	}
	describe := allow(kmsg.ACLResourceTypeTopic, "events", kmsg.ACLOperationDescribe)
	write := allow(kmsg.ACLResourceTypeTopic, "events", kmsg.ACLOperationWrite)
	tests := []struct {
		name    string
		acls    []kfake.ACL
		wantErr error
	}{
		{name: "write is enough", acls: []kfake.ACL{write}},
		{name: "only describe: no producer id", acls: []kfake.ACL{describe}, wantErr: kerr.ClusterAuthorizationFailed},
		{name: "nothing", wantErr: kerr.TopicAuthorizationFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cluster := fake(t, kfake.EnableSASL(), kfake.EnableACLs(), kfake.User("PLAIN", "app", "pass", tt.acls...))
			s := open(t, kafkasink.Options{Brokers: cluster.ListenAddrs(), Topic: "events", SASL: kafkasink.Plain, Username: "app", Password: "pass"})
			require.ErrorIs(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 1, "a")), tt.wantErr)
		})
	}
}

// Without the right to describe the topic's configuration, its limit is unknown.
func TestSink_SendTooLargeForALimitNotTold(t *testing.T) {
	write := kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: "events", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationWrite, Allow: true}
	cluster := fake(t, kfake.BrokerConfigs(map[string]string{"message.max.bytes": "1000"}),
		kfake.EnableSASL(), kfake.EnableACLs(), kfake.User("PLAIN", "app", "pass", write))
	s := open(t, kafkasink.Options{Brokers: cluster.ListenAddrs(), Topic: "events", SASL: kafkasink.Plain, Username: "app", Password: "pass"})
	var tooLarge *sink.TooLargeError
	require.ErrorAs(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 1, strings.Repeat("v", 2000))), &tooLarge)
	assert.Equal(t, tooLarge.Size-1, tooLarge.Limit)
	require.ErrorAs(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 2, strings.Repeat("v", 1500))), &tooLarge, "smaller, and still too large")
	assert.Equal(t, tooLarge.Size-1, tooLarge.Limit)
}

// The fake broker is behind the proxy and announces the proxy's address as its own.
func TestSink_Faults(t *testing.T) {
	var proxy *sinktest.Proxy
	cluster := fake(t, kfake.NumBrokers(1), kfake.ListenFn(func(network, address string) (net.Listener, error) {
		listener, err := net.Listen(network, address)
		if err != nil {
			return nil, err
		}
		proxy = sinktest.NewProxy(t, listener.Addr().String())
		return behind{listener, proxy.Address}, nil
	}))
	s := open(t, kafkasink.Options{Brokers: cluster.ListenAddrs(), Topic: "events"})
	sinktest.Faults(t, proxy, s, func() []cloudevent.Event {
		var all []cloudevent.Event
		for _, record := range records(t, cluster.ListenAddrs(), "events", 14) {
			event, err := cloudevent.Decode(record.Value)
			require.NoError(t, err)
			all = append(all, event)
		}
		return all
	})
}

// In a sandbox that was frozen, the client notices a dead connection because an answer does not
// come.
func TestSink_Frozen(t *testing.T) {
	var network *outboundtest.Network
	cluster := fake(t, kfake.NumBrokers(1), kfake.ListenFn(func(kind, address string) (net.Listener, error) {
		listener, err := net.Listen(kind, address)
		if err != nil {
			return nil, err
		}
		network = outboundtest.NewNetwork(t, listener.Addr().String())
		return behind{listener, network.Addr().String()}, nil
	}))
	s := open(t, kafkasink.Options{Brokers: cluster.ListenAddrs(), Topic: "events"})
	sinktest.Frozen(t, network, s, nil)
}

type behind struct {
	net.Listener
	address string
}

func (b behind) Addr() net.Addr { return address(b.address) }

type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

// Close leaves no goroutine of the client behind, whatever it was doing.
func TestSink_Close(t *testing.T) {
	cluster := fake(t)
	none := func() bool { return clientGoroutines() == 0 }
	require.Eventually(t, none, 10*time.Second, 10*time.Millisecond, "the tests before this one end")
	used, err := kafkasink.New(kafkasink.Options{Brokers: cluster.ListenAddrs(), Topic: "events"})
	require.NoError(t, err)
	require.NoError(t, used.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 1, "a")))
	stuck, err := kafkasink.New(kafkasink.Options{Brokers: []string{"127.0.0.1:1"}, Topic: "events"})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.Error(t, stuck.Send(ctx, sinktest.Change(t, "@TGS#a/b", 1, "a")))
	require.False(t, none(), "else this test proves nothing")

	for _, s := range []*kafkasink.Sink{used, stuck} {
		require.NoError(t, s.Close())
		require.NoError(t, s.Close(), "twice is fine")
		require.ErrorIs(t, s.Send(t.Context(), sinktest.Change(t, "@TGS#a/b", 2, "b")), sink.ErrClosed)
	}
	assert.Eventually(t, none, 10*time.Second, 10*time.Millisecond)
}

func clientGoroutines() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "created by github.com/twmb/franz-go/pkg/kgo.")
}
