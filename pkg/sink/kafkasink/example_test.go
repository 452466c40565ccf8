package kafkasink_test

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink/kafkasink"
)

// A consumer of the topic. The events of one message come in order; one that comes twice has
// the same id both times.
func Example_consumer() {
	broker := kfake.MustCluster(kfake.SeedTopics(1, "chat-changes")) // yours is a real one
	defer broker.Close()
	if err := vote(broker.ListenAddrs(), "chat-changes"); err != nil {
		fmt.Println(err)
		return
	}

	consumer, err := kgo.NewClient(
		kgo.SeedBrokers(broker.ListenAddrs()...),
		kgo.ConsumerGroup("tally"),
		kgo.ConsumeTopics("chat-changes"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer consumer.Close()
	for _, record := range consumer.PollFetches(context.Background()).Records() {
		event, err := cloudevent.Decode(record.Value)
		if err != nil {
			fmt.Println(err)
			continue
		}
		change, err := event.Change()
		if err != nil {
			continue // another kind of event
		}
		for _, kv := range change.KeyValues {
			fmt.Println(event.ID(), change.Operation, kv.Key, kv.Value)
		}
	}
	// Output:
	// 1400000000/test/10/56/da5a06d595eb6bad set user_a option_2
}

// vote sends one change, as the webhook function does.
func vote(brokers []string, topic string) error {
	s, err := kafkasink.New(kafkasink.Options{Brokers: brokers, Topic: topic})
	if err != nil {
		return err
	}
	defer s.Close()
	change, err := msgext.Decode("1400000000", msgext.GroupCommand, []byte(`{
		"CallbackCommand": "Group.CallbackAfterGroupMsgExtension", "GroupId": "test", "MsgSeq": 10, "OperateType": 1,
		"ExtensionList": [{"Key": "user_a", "Value": "option_2", "Seq": 56}], "Seq": 56, "EventTime": 1764688294360
	}`))
	if err != nil {
		return err
	}
	event, err := cloudevent.New(change, time.Now())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return s.Send(ctx, event)
}
