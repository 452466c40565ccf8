// Command empty is a Lambda function that does nothing. It links the clients that the product
// links, so that its cold start is the least that is possible.
package main

import (
	"context"
	"database/sql"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	if os.Getenv("NEVER") != "" { // so that they are linked but do not run
		loaded, _ := awsconfig.LoadDefaultConfig(context.Background())
		kafka, _ := kgo.NewClient()
		connector, _ := mysql.NewConnector(mysql.NewConfig())
		pool, _ := pgxpool.New(context.Background(), "")
		_, _ = dynamodb.NewFromConfig(loaded).ListTables(context.Background(), nil)
		_, _ = sqs.NewFromConfig(loaded).SendMessage(context.Background(), nil)
		_, _ = eventbridge.NewFromConfig(loaded).PutEvents(context.Background(), nil)
		_ = redis.NewClient(&redis.Options{}).Ping(context.Background())
		_ = kafka.Ping(context.Background())
		_ = sql.OpenDB(connector).PingContext(context.Background())
		_ = pool.Ping(context.Background())
	}
	lambda.Start(func(context.Context) (map[string]any, error) { return map[string]any{"statusCode": 200}, nil })
}
