package redisstate_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/secret"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/statetest"
)

// A master and a replica under three sentinels, everything over TLS. The master dies, the sentinels
// make the replica the master, and the sentinel that is asked first dies as well. The next event is
// accepted within the time for a reply.
func TestStore_SeveralSentinels(t *testing.T) {
	c := newCertificate(t)
	server := func(args ...string) *process {
		return startRedis(t, serverPassword, c.client(), func(port, folder string) []string {
			args := append(c.flags(port), args...)
			return append(args, "--bind", "127.0.0.1", "--save", "", "--dir", folder, "--requirepass", serverPassword,
				"--masterauth", serverPassword, "--repl-diskless-sync-delay", "0")
		})
	}
	master := server()
	replica := server("--replicaof", "127.0.0.1 "+master.port)
	require.Eventually(t, func() bool {
		return strings.Contains(replica.Info(t.Context(), "replication").Val(), "master_link_status:up")
	}, patience, 10*time.Millisecond)

	var sentinels []*process
	var hosts []string
	for range 3 {
		s := startRedis(t, sentinelPassword, c.client(), func(port, folder string) []string {
			path := filepath.Join(folder, "sentinel.conf")
			conf := fmt.Sprintf("bind 127.0.0.1\ndir %s\nrequirepass %s\nsentinel sentinel-pass %s\nsentinel monitor %s 127.0.0.1 %s 2\nsentinel auth-pass %s %s\n"+
				"sentinel down-after-milliseconds %s 600000\n", folder, sentinelPassword, sentinelPassword, masterName, master.port, masterName, serverPassword, masterName)
			require.NoError(t, os.WriteFile(path, []byte(conf), 0o600))
			return append([]string{path, "--sentinel"}, c.flags(port)...)
		})
		sentinels, hosts = append(sentinels, s), append(hosts, "127.0.0.1:"+s.port)
	}
	named := func(s *process) string {
		address, err := s.Do(t.Context(), "sentinel", "get-master-addr-by-name", masterName).StringSlice()
		if err != nil {
			return ""
		}
		return address[1]
	}
	for _, s := range sentinels { // each knows the other two and the replica
		require.Eventually(t, func() bool {
			info := s.Info(t.Context(), "sentinel").Val()
			return strings.Contains(info, "slaves=1,sentinels=3")
		}, patience, 50*time.Millisecond)
	}

	url := secret.String("rediss://:" + sentinelPassword + "@" + strings.Join(hosts, ",") + "?master_name=" + masterName + "&password=" + serverPassword)
	// On a busy machine the handshake may last longer than a sentinel has.
	distrusting := open(t, url)
	require.Eventually(t, func() bool {
		_, err := distrusting.Load(t.Context(), statetest.NewMessage())
		return err != nil && strings.Contains(err.Error(), "certificate")
	}, patience, time.Millisecond, "an authority that the system does not know is not trusted")

	store, err := redisstate.OpenTrusting(url, c.roots)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	m := statetest.NewMessage()
	require.NoError(t, apply(t, store, m, 1))
	require.Eventually(t, func() bool {
		return replica.Exists(t.Context(), redisstate.Keys(m.Path())[0]).Val() == 1
	}, patience, time.Millisecond)

	master.kill()
	require.Eventually(t, func() bool {
		_ = sentinels[0].Do(t.Context(), "sentinel", "failover", masterName).Err() // refused while one is in progress
		return named(sentinels[1]) == replica.port && named(sentinels[2]) == replica.port
	}, patience, 100*time.Millisecond)
	require.Eventually(t, func() bool {
		return strings.Contains(replica.Info(t.Context(), "replication").Val(), "role:master")
	}, patience, 10*time.Millisecond)
	sentinels[0].kill()
	require.NoError(t, apply(t, store, m, 2))
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.EqualValues(t, 2, record.State.Contiguous())
}

// certificate is one that signs itself, for 127.0.0.1.
type certificate struct {
	certFile, keyFile string
	roots             *x509.CertPool
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	folder := t.TempDir()
	c := certificate{folder + "/cert.pem", folder + "/key.pem", x509.NewCertPool()}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(c.certFile, certPEM, 0o600))
	require.NoError(t, os.WriteFile(c.keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600))
	require.True(t, c.roots.AppendCertsFromPEM(certPEM))
	return c
}

// flags make a server or a sentinel take TLS alone, also from and to each other.
func (c certificate) flags(port string) []string {
	return []string{"--port", "0", "--tls-port", port, "--tls-cert-file", c.certFile, "--tls-key-file", c.keyFile, "--tls-ca-cert-file", c.certFile,
		"--tls-auth-clients", "no", "--tls-replication", "yes"}
}

func (c certificate) client() *redis.Options {
	return &redis.Options{TLSConfig: &tls.Config{RootCAs: c.roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}}
}
