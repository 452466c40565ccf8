package kafkasink_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"msgext/internal/peertest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/sink/kafkasink"
	"msgext/pkg/sink/sinktest"
)

// topic creates a topic of three partitions for the test and deletes it afterwards.
func topic(t testing.TB, brokers []string, configs map[string]*string) string {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	admin := kadm.NewClient(client)
	name := fmt.Sprintf("%s-%d", strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, t.Name()), time.Now().UnixNano())
	_, err = admin.CreateTopic(t.Context(), 3, 1, configs, name)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = admin.DeleteTopics(context.Background(), name) })
	return name
}

// records returns the first n records of a topic.
func records(t testing.TB, brokers []string, topic string, n int) []*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic), kgo.FetchMaxWait(100*time.Millisecond))
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var all []*kgo.Record
	for len(all) < n {
		fetches := client.PollFetches(ctx)
		require.NoError(t, fetches.Err0(), "%d of %d records", len(all), n)
		all = append(all, fetches.Records()...)
	}
	return all
}

func open(t testing.TB, options kafkasink.Options) *kafkasink.Sink {
	t.Helper()
	s, err := kafkasink.New(options)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// failure returns the error of a Send that cannot succeed, as soon as told finds the cause in it. A
// connection takes as long to fail as the machine takes, so each Send has twice the time of the one
// before.
func failure(t testing.TB, s *kafkasink.Sink, told func(error) bool) error {
	t.Helper()
	for longest := 200 * time.Millisecond; ; longest *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), longest)
		err := s.Send(ctx, sinktest.Change(t, "@TGS#a/b", 2, "b"))
		cancel()
		require.Error(t, err)
		if told(err) {
			return err
		}
		require.Less(t, longest, 30*time.Second, "%v", err)
	}
}

// untrusted reports whether TLS has rejected a certificate.
func untrusted(err error) bool {
	_, is := errors.AsType[*tls.CertificateVerificationError](err)
	return is
}

func TestNew(t *testing.T) {
	brokers := []string{"127.0.0.1:9092"}
	tests := []struct {
		name    string
		options kafkasink.Options
		wantErr error
	}{
		{name: "plain", options: kafkasink.Options{Brokers: brokers, Topic: "t"}},
		{name: "no brokers", options: kafkasink.Options{Topic: "t"}, wantErr: kafkasink.ErrOptions},
		{name: "no topic", options: kafkasink.Options{Brokers: brokers}, wantErr: kafkasink.ErrOptions},
		{name: "broker is a URL", options: kafkasink.Options{Brokers: []string{"kafka://a:1"}, Topic: "t"}, wantErr: kafkasink.ErrOptions},
		{name: "broker without a port", options: kafkasink.Options{Brokers: []string{"a"}, Topic: "t"}, wantErr: kafkasink.ErrOptions},
		{name: "broker without a host", options: kafkasink.Options{Brokers: []string{":9092"}, Topic: "t"}, wantErr: kafkasink.ErrOptions},
		{name: "negative limit", options: kafkasink.Options{Brokers: brokers, Topic: "t", MaxBytes: -1000}, wantErr: kafkasink.ErrOptions},
		{name: "user without a mechanism", options: kafkasink.Options{Brokers: brokers, Topic: "t", Username: "u", Password: "p"}, wantErr: kafkasink.ErrOptions},
		{name: "mechanism without a password", options: kafkasink.Options{Brokers: brokers, Topic: "t", SASL: kafkasink.Plain, Username: "u"}, wantErr: kafkasink.ErrOptions},
		{name: "AWS without credentials", options: kafkasink.Options{Brokers: brokers, Topic: "t", SASL: kafkasink.AWSMSKIAM}, wantErr: kafkasink.ErrOptions},
		{name: "AWS with a password", options: kafkasink.Options{Brokers: brokers, Topic: "t", SASL: kafkasink.AWSMSKIAM, Password: "p",
			AWS: func(context.Context) (kafkasink.AWSCredentials, error) { return kafkasink.AWSCredentials{}, nil }}, wantErr: kafkasink.ErrOptions},
		{name: "unknown mechanism", options: kafkasink.Options{Brokers: brokers, Topic: "t", SASL: "GSSAPI", Username: "u", Password: "p"}, wantErr: kafkasink.ErrOptions},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := kafkasink.New(tt.options)
			require.ErrorIs(t, err, tt.wantErr)
			if tt.wantErr == nil {
				assert.Equal(t, "kafka://t", s.Name())
			}
		})
	}
}

// TestSink_UnusedCostsNothing: a goroutine inherits its creator's labels. So what New has started
// is found by a label, among whatever earlier tests have left that is just ending.
func TestSink_UnusedCostsNothing(t *testing.T) {
	pprof.Do(t.Context(), pprof.Labels("test", "unused"), func(ctx context.Context) {
		s, err := kafkasink.New(kafkasink.Options{Brokers: []string{"127.0.0.1:1"}, Topic: "t"})
		require.NoError(t, err)
		var goroutines strings.Builder
		require.NoError(t, pprof.Lookup("goroutine").WriteTo(&goroutines, 1))
		assert.Equal(t, 1, strings.Count(goroutines.String(), `"test":"unused"`), "this one alone")
		require.NoError(t, s.Close())
		require.ErrorIs(t, s.Send(ctx, sinktest.Change(t, "@TGS#a/b", 1, "a")), sink.ErrClosed)
	})
}

func TestSink_Send(t *testing.T) {
	brokers := []string{peertest.Address(t, peertest.Kafka)}
	name := topic(t, brokers, nil)
	s := open(t, kafkasink.Options{Brokers: brokers, Topic: name})

	const messages, versions = 3, 20
	for version := range int64(versions) {
		for message := range int64(messages) {
			require.NoError(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, fmt.Sprint(message), version+1, "a")))
		}
	}
	next := map[string]int64{}
	partition := map[string]int32{}
	for _, record := range records(t, brokers, name, messages*versions) {
		event, err := cloudevent.Decode(record.Value)
		require.NoError(t, err)
		key := string(record.Key)
		assert.Equal(t, event.PartitionKey(), key)
		assert.Equal(t, []kgo.RecordHeader{{Key: "content-type", Value: []byte("application/cloudevents+json; charset=utf-8")}}, record.Headers)
		if was, ok := partition[key]; ok {
			assert.Equal(t, was, record.Partition, "one message, one partition")
		}
		partition[key] = record.Partition
		next[key]++
		assert.Contains(t, event.ID(), fmt.Sprintf("/1/%d/", next[key]), "in order")
	}
	assert.Len(t, next, messages)
}

func TestSink_SendToNoTopic(t *testing.T) {
	brokers := []string{peertest.Address(t, peertest.Kafka)}
	s := open(t, kafkasink.Options{Brokers: brokers, Topic: "not-there"})
	for range 2 {
		err := s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 1, "a"))
		require.ErrorIs(t, err, kafkasink.ErrTopic)
		assert.ErrorContains(t, err, "kafkasink: no such topic")
	}
}

func TestSink_SendTooLarge(t *testing.T) {
	brokers := []string{peertest.Address(t, peertest.Kafka)}
	large := kafkasink.DefaultMaxBytes
	small := 4000
	text := fmt.Sprint(small)
	tests := []struct {
		name    string
		configs map[string]*string
		limit   int
	}{
		{name: "the default limit", limit: large},
		{name: "a limit of the topic's own", configs: map[string]*string{"max.message.bytes": &text}, limit: small},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := topic(t, brokers, tt.configs)
			s := open(t, kafkasink.Options{Brokers: brokers, Topic: name})
			exact := valueFor(t, tt.limit)
			for range 2 { // a size that the topic has refused once is not sent again
				var tooLarge *sink.TooLargeError
				require.ErrorAs(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 1, strings.Repeat("v", exact+1))), &tooLarge)
				assert.Equal(t, sink.TooLargeError{Size: tt.limit + 1, Limit: tt.limit}, *tooLarge)
			}
			require.NoError(t, s.Send(sinktest.Plenty(t), sinktest.Change(t, "@TGS#a/b", 1, strings.Repeat("v", exact))), "our count is the broker's")
		})
	}
}

func TestSink_SendMarker(t *testing.T) {
	brokers := []string{peertest.Address(t, peertest.Kafka)}
	limit := "4000"
	name := topic(t, brokers, map[string]*string{"max.message.bytes": &limit})
	message := msgext.Message{SDKAppID: "1400000001", GroupID: "@TGS#1", MsgSeq: 1}
	snapshot := msgext.ReadReply{ActionStatus: "OK", CompleteFlag: 1, LatestSeq: 9, ExtensionList: []msgext.KeyValue{{Key: "k", Value: strings.Repeat("v", 4000), Seq: 9}}}
	event, err := cloudevent.NewRepaired(message, cloudevent.Truth{ReadReply: snapshot}, time.UnixMilli(1764688294360))
	require.NoError(t, err)
	require.NoError(t, open(t, kafkasink.Options{Brokers: brokers, Topic: name}).Send(sinktest.Plenty(t), event))

	got, err := cloudevent.Decode(records(t, brokers, name, 1)[0].Value)
	require.NoError(t, err)
	of, truth, err := got.Truth()
	require.NoError(t, err)
	assert.Equal(t, message, of)
	assert.Zero(t, truth.CompleteFlag, "tells the consumer to read")
	assert.Equal(t, int64(9), truth.LatestSeq)
}

// valueFor returns the length of the value that makes a change's record batch size bytes long.
func valueFor(t testing.TB, size int) int {
	t.Helper()
	ruler := open(t, kafkasink.Options{Brokers: []string{"127.0.0.1:1"}, Topic: "t", MaxBytes: 600})
	length := size
	for range 3 { // a longer value needs more bytes for its length
		var measured *sink.TooLargeError
		require.ErrorAs(t, ruler.Send(t.Context(), sinktest.Change(t, "@TGS#a/b", 1, strings.Repeat("v", length))), &measured)
		length += size - measured.Size
	}
	return length
}
