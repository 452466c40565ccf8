package start

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"time"

	"github.com/tencentyun/scf-go-lib/cloudfunction/messages"
	"github.com/tencentyun/scf-go-lib/functioncontext"
)

var (
	errMethod      = errors.New("start: no such method")
	errEnvironment = errors.New("start: the environment of the invocation is not an object of strings")
)

// invoke makes one invocation. Its environment becomes the process's own. A panic asks the platform
// to start the function anew.
func invoke(handler Handler, invocation *messages.InvokeRequest) (out messages.InvokeResponse) {
	defer func() {
		if reason := recover(); reason != nil {
			out = messages.InvokeResponse{Error: &messages.InvokeResponse_Error{
				Message: fmt.Sprint(reason), Type: typeName(reason), StackTrace: stack(), ShouldExit: true,
			}}
		}
	}()
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(invocation.Deadline.Seconds, invocation.Deadline.Nanos))
	defer cancel()
	environment, err := environ(invocation.Environment)
	if err != nil {
		return failed(err)
	}
	out.Payload, err = handler.Invoke(functioncontext.NewContext(ctx, &functioncontext.FunctionContext{
		RequestID: invocation.RequestId, Namespace: invocation.Namespace, FunctionName: invocation.FunctionName,
		FunctionVersion: invocation.FunctionVersion, Environment: environment,
	}), invocation.Payload)
	if err != nil {
		return failed(err)
	}
	return out
}

// environ sets the variables of an invocation.
func environ(encoded string) (environment map[string]string, err error) {
	if encoded == "" {
		return nil, nil
	}
	if json.Unmarshal([]byte(encoded), &environment) != nil {
		return nil, errEnvironment // the cause could quote a secret
	}
	for name, value := range environment {
		if have, ok := os.LookupEnv(name); ok && have == value {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return nil, errEnvironment
		}
	}
	return environment, nil
}

func failed(err error) messages.InvokeResponse {
	return messages.InvokeResponse{Error: &messages.InvokeResponse_Error{Message: err.Error(), Type: typeName(err)}}
}

func typeName(value any) string {
	kind := reflect.TypeOf(value)
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	return kind.Name()
}

// stack is where the panic came from.
func stack() (trace []*messages.InvokeResponse_Error_StackFrame) {
	const above = 3 // Callers, this function and the deferred one
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(above, callers)])
	for {
		frame, more := frames.Next()
		trace = append(trace, &messages.InvokeResponse_Error_StackFrame{Path: frame.File, Line: int32(frame.Line), Label: frame.Function})
		if !more {
			return trace
		}
	}
}
