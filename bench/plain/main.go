// Command plain is the program with which a first build is compared: a net/http server that stores
// what it gets in SQLite.
package main

import (
	"database/sql"
	"io"
	"log"
	"net/http"

	_ "modernc.org/sqlite"
)

func main() {
	database, err := sql.Open("sqlite", "plain.db")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := database.Exec("CREATE TABLE IF NOT EXISTS bodies (body BLOB)"); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = database.ExecContext(r.Context(), "INSERT INTO bodies VALUES (?)", body)
		}
		if err != nil {
			http.Error(w, "not kept", http.StatusInternalServerError)
		}
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", nil))
}
