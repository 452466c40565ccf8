package sqlitestate

import (
	"errors"
	"os"
)

// ErrFile is the error of every call once the database's file, or one of the two beside it, is no
// longer the one that was opened: it was removed, replaced or emptied. What is written then goes
// where nobody will ever read it.
var ErrFile = errors.New("sqlitestate: the database's file was removed, replaced or emptied while it was open: restart")

// files are what a database lies in, as they were when it was opened. One that there was none of is
// not looked at: where the file system has no shared memory, SQLite does without WAL.
type files struct {
	path  string
	known map[string]os.FileInfo
}

func identify(path string) files {
	f := files{path, make(map[string]os.FileInfo)}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(name); err == nil {
			f.known[name] = info
		}
	}
	return f
}

// check returns ErrFile where one of the files is another, or the database empty. It costs three
// system calls, of which none waits for a disk.
func (f files) check() error {
	for name, known := range f.known {
		info, err := os.Stat(name)
		if err != nil || !os.SameFile(info, known) || name == f.path && info.Size() == 0 {
			return ErrFile
		}
	}
	return nil
}
