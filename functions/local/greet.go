package main

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"msgext/functions/internal/process"
	"msgext/internal/config"
	"msgext/internal/sample"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

// greet tells people where the process serves. Where the token is made up, it also tells how to
// call it.
func greet(stderr io.Writer, p *process.Process, cfg config.Config, madeUp bool) {
	base, target := p.URL, p.URL+cfg.Path
	w := new(bytes.Buffer)
	// In one write, so that no log line comes in between.
	defer func() { _, _ = stderr.Write(w.Bytes()) }()
	fmt.Fprintf(w, "msgext serves on %s: %s takes webhooks by POST\n", base, process.Takes(cfg.Path))
	if p.WebhooksURL != "" {
		fmt.Fprintf(w, "point a tunnel at   %s: it takes webhooks and shows nothing\n", p.WebhooksURL)
	}
	fmt.Fprintf(w, "watch them on       %s/console/\n", base)
	fmt.Fprintf(w, "read a message from %s/api/groups/test/messages/10/extensions\n", base)
	if p.Repairs() {
		fmt.Fprintln(w, "repair: on, versions that did not arrive are read back from Chat")
	} else {
		fmt.Fprintln(w, "repair: off, set MSGEXT_CHAT_* and versions that did not arrive are read back from Chat")
	}
	if !madeUp {
		return
	}
	token, samples := cfg.Tokens[0], sample.Changes()
	// Version 1, so that no version is missing before it.
	const first = `{"CallbackCommand":"` + msgext.GroupCommand + `","GroupId":"test","MsgSeq":10,"OperateType":1,"ExtensionList":[{"Key":"amira","Value":"Lisbon","Seq":1}],"Seq":1}`
	fmt.Fprintf(w, "\nSDKAppID %s and the token are made up for this run. A webhook as Chat would send it, signed for the next %v (MSGEXT_MAX_SKEW):\n\n",
		cfg.SDKAppID, cfg.MaxSkew)
	fmt.Fprintf(w, "curl -sS '%s' -d '%s'\n", signedURL(target, cfg.SDKAppID, token, time.Now()), first)
	fmt.Fprintf(w, "\nThe vendor's three samples (set, delete, clear), signed when you paste it:\n\n")
	fmt.Fprintf(w, "for body in '%s' '%s' '%s'; do t=$(date +%%s); curl -sS \"%s&RequestTime=$t&Sign=$(printf '%%s' \"%s$t\" | openssl dgst -sha256 -r | cut -c1-64)\" -d \"$body\"; echo; done\n\n",
		samples[0], samples[1], samples[2], unsignedURL(target, cfg.SDKAppID), token.Reveal())
}

// unsignedURL returns the URL of a webhook. Where target has no path, any path takes it.
func unsignedURL(target, sdkAppID string) string {
	if at, err := url.Parse(target); err == nil && at.Path == "" {
		target += "/"
	}
	return target + "?SdkAppid=" + url.QueryEscape(sdkAppID) + "&CallbackCommand=" + msgext.GroupCommand + "&contenttype=json&ClientIP=127.0.0.1&OptPlatform=RESTAPI"
}

func signedURL(target, sdkAppID string, token secret.String, at time.Time) string {
	requestTime := strconv.FormatInt(at.Unix(), 10)
	return unsignedURL(target, sdkAppID) + "&RequestTime=" + requestTime + "&Sign=" + webhook.Sign(token, requestTime)
}
