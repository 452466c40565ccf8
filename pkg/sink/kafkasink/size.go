package kafkasink

import (
	"context"
	"strconv"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// batchHeader is the size of a record batch without its records
	// (kafka.apache.org/documentation, "Record Batch", 4.3).
	batchHeader = 61

	// batchSlack raises the client's own limit, which counts framing too, so that our check
	// decides.
	batchSlack = 64
)

// batchSize returns the size of a batch with only this record, as the broker compares it with
// max.message.bytes (kafka.apache.org/documentation, "Record Batch" and "Record", 4.3).
func batchSize(r *kgo.Record) int {
	size := 1 + // attributes
		kbin.VarlongLen(0) + // timestamp delta
		kbin.VarintLen(0) + // offset delta
		kbin.VarintLen(int32(len(r.Key))) + len(r.Key) +
		kbin.VarintLen(int32(len(r.Value))) + len(r.Value) +
		kbin.VarintLen(int32(len(r.Headers)))
	for _, h := range r.Headers {
		size += kbin.VarintLen(int32(len(h.Key))) + len(h.Key) + kbin.VarintLen(int32(len(h.Value))) + len(h.Value)
	}
	return batchHeader + kbin.VarintLen(int32(size)) + size
}

// topicLimit asks for the topic's max.message.bytes. ok is false if it could not be learned, for
// example without the right to describe the topic's configuration.
func topicLimit(ctx context.Context, client *kgo.Client, topic string) (limit int, ok bool) {
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType = kmsg.ConfigResourceTypeTopic
	resource.ResourceName = topic
	resource.ConfigNames = []string{"max.message.bytes"}
	request := kmsg.NewPtrDescribeConfigsRequest()
	request.Resources = append(request.Resources, resource)
	response, err := request.RequestWith(ctx, client)
	if err != nil || len(response.Resources) != 1 || len(response.Resources[0].Configs) != 1 {
		return 0, false
	}
	value := response.Resources[0].Configs[0].Value
	if value == nil {
		return 0, false
	}
	limit, err = strconv.Atoi(*value)
	return limit, err == nil
}
