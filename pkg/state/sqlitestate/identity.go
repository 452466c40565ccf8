package sqlitestate

import (
	"errors"
	"os"
)

// ErrFile is the error of every call once the database's file, or one of the two files beside it,
// is no longer the one that was opened: it was removed, replaced or emptied. Anything written after
// that would be lost.
var ErrFile = errors.New("sqlitestate: the database's file was removed, replaced or emptied while it was open: restart")

// files are the files of a database as they were when it was opened. A file that did not exist then
// is not checked: on a file system without shared memory, SQLite does not use WAL.
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

// check returns ErrFile if one of the files was replaced or the database is empty. It costs three
// system calls, none of which waits for a disk.
func (f files) check() error {
	for name, known := range f.known {
		info, err := os.Stat(name)
		if err != nil || !os.SameFile(info, known) || name == f.path && info.Size() == 0 {
			return ErrFile
		}
	}
	return nil
}
