package httpsink

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"msgext/pkg/cloudevent"
	"msgext/pkg/secret"
)

// A Standard Webhooks secret begins with secretPrefix. The rest is base64 of minSecret to 64 random
// bytes (spec 1.0.0, "Signature scheme").
const (
	secretPrefix = "whsec_"
	minSecret    = 24
)

// CheckSecret reports whether New accepts a secret. It is for checking configuration before the URL
// is known. Its error is ErrSecret.
func CheckSecret(s secret.String) error {
	_, err := decodeSecret(s)
	return err
}

func decodeSecret(s secret.String) ([]byte, error) {
	encoded, found := strings.CutPrefix(s.Reveal(), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil || len(key) < minSecret {
		return nil, ErrSecret
	}
	return key, nil
}

func decodeSecrets(secrets []secret.String) ([][]byte, error) {
	var keys [][]byte
	for _, s := range secrets {
		key, err := decodeSecret(s)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// sign sets the three Standard Webhooks headers, with a signature over id, time and body for every
// secret. The id is a hash of the event's id, because that id may contain dots, which separate the
// parts of the signed text.
func (s *Sink) sign(header http.Header, event cloudevent.Event) {
	if len(s.keys) == 0 {
		return
	}
	sum := sha256.Sum256([]byte(event.ID()))
	id := hex.EncodeToString(sum[:])
	timestamp := strconv.FormatInt(s.now().Unix(), 10)
	signatures := make([]string, len(s.keys))
	for i, key := range s.keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(event.JSON())
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", timestamp)
	header.Set("Webhook-Signature", strings.Join(signatures, " "))
}
