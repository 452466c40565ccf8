package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"msgext/bench/peer"
)

// open returns the plain call of a client. A sink gets the event, and a store the first key-value.
func open(ctx context.Context, delivery string) (peer.Deliver, error) {
	location, err := url.Parse(delivery)
	if err != nil {
		return nil, err
	}
	switch location.Scheme {
	case "redis":
		return openRedis(location)
	case "postgres":
		return openPostgres(ctx, delivery)
	case "mysql":
		return openMySQL(location)
	case "dynamodb":
		return openDynamoDB(ctx, location.Host)
	}
	return openSink(ctx, location)
}

// group returns the name that an ordinary function would give the message.
func group(event peer.Event) string { return event.GroupId + "/" + strconv.FormatInt(event.MsgSeq, 10) }

func openRedis(location *url.URL) (peer.Deliver, error) {
	options, err := redis.ParseURL(location.String())
	if err != nil {
		return nil, err
	}
	client := redis.NewClient(options)
	return func(ctx context.Context, event peer.Event, _ []byte) error {
		kv := event.ExtensionList[0]
		return client.HSet(ctx, "ordinary:"+group(event), kv.Key, strconv.FormatInt(kv.Seq, 10)+" "+kv.Value).Err()
	}, nil
}

func openPostgres(ctx context.Context, url string) (peer.Deliver, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	const upsert = `INSERT INTO ordinary (message, name, value, seq) VALUES ($1, $2, $3, $4)
		ON CONFLICT (message, name) DO UPDATE SET value = excluded.value, seq = excluded.seq WHERE ordinary.seq < excluded.seq`
	return func(ctx context.Context, event peer.Event, _ []byte) error {
		kv := event.ExtensionList[0]
		_, err := pool.Exec(ctx, upsert, group(event), kv.Key, kv.Value, kv.Seq)
		return err
	}, nil
}

func openMySQL(location *url.URL) (peer.Deliver, error) {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.DBName = location.User.Username(), "tcp", location.Host, strings.TrimPrefix(location.Path, "/")
	config.Passwd, _ = location.User.Password()
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	database := sql.OpenDB(connector)
	const upsert = `INSERT INTO ordinary (message, name, value, seq) VALUES (?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE value = IF(seq < VALUES(seq), VALUES(value), value), seq = GREATEST(seq, VALUES(seq))`
	return func(ctx context.Context, event peer.Event, _ []byte) error {
		kv := event.ExtensionList[0]
		_, err := database.ExecContext(ctx, upsert, group(event), kv.Key, kv.Value, kv.Seq)
		return err
	}, nil
}

func openDynamoDB(ctx context.Context, table string) (peer.Deliver, error) {
	config, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	client := dynamodb.NewFromConfig(config)
	return func(ctx context.Context, event peer.Event, _ []byte) error {
		kv := event.ExtensionList[0]
		seq := &types.AttributeValueMemberN{Value: strconv.FormatInt(kv.Seq, 10)}
		_, err := client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName:                 &table,
			Key:                       map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "ordinary " + group(event)}, "sk": &types.AttributeValueMemberS{Value: kv.Key}},
			UpdateExpression:          aws.String("SET v = :v, seq = :s"),
			ConditionExpression:       aws.String("attribute_not_exists(seq) OR seq < :s"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":v": &types.AttributeValueMemberS{Value: kv.Value}, ":s": seq},
		})
		if late := (*types.ConditionalCheckFailedException)(nil); errors.As(err, &late) {
			return nil
		}
		return err
	}, nil
}
