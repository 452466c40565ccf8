package outbound

import (
	"errors"
	"net/url"
)

// WithoutURL takes the URL, which may carry a signature or another secret, out of an error of
// net/http's.
func WithoutURL(err error) error {
	var failed *url.Error
	for errors.As(err, &failed) {
		err = failed.Err
	}
	return err
}
