package outbound

import (
	"errors"
	"net/url"
)

// WithoutURL removes the URL from an error of net/http. The URL may carry a signature or another
// secret.
func WithoutURL(err error) error {
	var failed *url.Error
	for errors.As(err, &failed) {
		err = failed.Err
	}
	return err
}
