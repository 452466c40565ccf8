// Command size prints how much of each deployed function is whose: the bytes of code and data by
// module. It builds the functions as scripts/build does, but with their tables of symbols, which it
// adds up. What is of no module is the standard library's code, and the rest: its data, constants,
// and the tables of functions and types that Go's runtime keeps for all code.
//
//	cd bench && go run ./size
package main

import (
	"cmp"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// functions are the deployed functions, and the architecture that scripts/build has for each.
var functions = []struct{ main, arch string }{
	{"aws/webhook", "arm64"}, {"aws/repair", "arm64"}, {"aws/read", "arm64"},
	{"scf/webhook", "amd64"}, {"scf/repair", "amd64"}, {"scf/read", "amd64"}, {"server", "amd64"},
}

// Owners of what is in no module.
const (
	standard = "the standard library's code"
	tables   = "the rest"
	product  = "msgext"
)

func main() {
	folder, err := os.MkdirTemp("", "msgext-size.")
	if err == nil {
		err = errors.Join(report(folder), os.RemoveAll(folder))
	}
	if err != nil {
		log.Fatal(err)
	}
}

func report(folder string) error {
	for _, function := range functions {
		binary := filepath.Join(folder, filepath.Base(function.main))
		if err := build(function.main, function.arch, binary); err != nil {
			return err
		}
		owned, err := measure(binary)
		if err != nil {
			return err
		}
		fmt.Println(function.main)
		for _, owner := range slices.SortedFunc(maps.Keys(owned), func(a, b string) int {
			return cmp.Or(cmp.Compare(owned[b], owned[a]), cmp.Compare(a, b))
		}) {
			fmt.Printf("%8d KB  %s\n", owned[owner]/1000, owner)
		}
	}
	return nil
}

func build(main, arch, binary string) error {
	command := exec.Command("go", "build", "-C", "..", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-o", binary, "./functions/"+main)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	command.Stderr = os.Stderr
	return command.Run()
}

// measure returns the bytes of a binary's file by owner.
func measure(binary string) (map[string]uint64, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	file, err := elf.Open(binary)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	symbols, err := file.Symbols()
	if err != nil {
		return nil, err
	}
	owned := make(map[string]uint64)
	rest := uint64(0)
	for _, section := range file.Sections {
		if section.Flags&elf.SHF_ALLOC != 0 && section.Type != elf.SHT_NOBITS {
			rest += section.Size
		}
	}
	for _, symbol := range symbols {
		if int(symbol.Section) >= len(file.Sections) {
			continue // it is in no section
		}
		section := file.Sections[symbol.Section]
		name := owner(symbol.Name, info)
		if name == "" && section.Name == ".text" {
			name = standard
		}
		if name != "" && section.Type != elf.SHT_NOBITS {
			owned[name] += symbol.Size
			rest -= symbol.Size
		}
	}
	owned[tables] = rest
	return owned, nil
}

// owner returns the module of a symbol's package, or nothing where that is none.
func owner(symbol string, info *buildinfo.BuildInfo) (found string) {
	if strings.HasPrefix(symbol, "main.") || strings.HasPrefix(symbol, info.Main.Path+"/") {
		return product
	}
	for _, module := range info.Deps {
		// The linker escapes the dots of a path's last part.
		folder, last := path.Split(module.Path)
		for _, prefix := range []string{module.Path, folder + strings.ReplaceAll(last, ".", "%2e")} {
			rest, ok := strings.CutPrefix(symbol, prefix)
			if ok && rest != "" && strings.ContainsAny(rest[:1], "./") && len(module.Path) > len(found) {
				found = module.Path
			}
		}
	}
	return found
}
