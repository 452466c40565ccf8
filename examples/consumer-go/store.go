package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"msgext/pkg/cloudevent"
	"msgext/pkg/consumer"
	"msgext/pkg/msgext"
)

// store keeps each message in its own file.
type store struct {
	folder string
	mu     sync.Mutex // only one request at a time loads, changes and saves a message
}

// kept is the content of a file.
type kept struct {
	ID   string        `json:"id"` // the partition key
	View consumer.View `json:"view"`
}

func openStore(folder string) (*store, error) {
	return &store{folder: folder}, os.MkdirAll(folder, 0o700)
}

// take handles an event. The event is durable when take returns nil.
func (s *store) take(event cloudevent.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := sha256.Sum256([]byte(event.PartitionKey()))
	name := hex.EncodeToString(sum[:]) + ".json"
	message, err := s.load(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	message.ID = event.PartitionKey()
	if err := message.View.Take(event); err != nil {
		return err
	}
	return s.save(name, message)
}

// all returns the key-values of every message, nil for a message whose key-values are not known,
// because the list of its newest read did not fit into the event. Such a message must be read, see
// consumer.View.Complete.
func (s *store) all() (map[string][]msgext.KeyValue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return nil, err
	}
	shown := make(map[string][]msgext.KeyValue)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		message, err := s.load(entry.Name())
		if err != nil {
			return nil, err
		}
		reply := message.View.Reply()
		if reply.CompleteFlag == 0 {
			reply.ExtensionList = nil
		}
		shown[message.ID] = reply.ExtensionList
	}
	return shown, nil
}

func (s *store) load(name string) (message kept, err error) {
	content, err := os.ReadFile(filepath.Join(s.folder, name))
	if err != nil {
		return kept{}, err
	}
	return message, json.Unmarshal(content, &message)
}

// save replaces a file in one step. After a crash the file has the old state or the new one.
func (s *store) save(name string, message kept) error {
	content, err := json.Marshal(message)
	if err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(s.folder, name+".new"))
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), filepath.Join(s.folder, name)); err != nil {
		return err
	}
	folder, err := os.Open(s.folder)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
