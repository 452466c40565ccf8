package console

import (
	"crypto/subtle"
	"embed"
	"encoding/json"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
)

// TokenHeader carries the page's token in every request for a change.
const TokenHeader = "X-Console-Token"

const maxActionBytes = 1 << 10

//go:embed page.html static
var files embed.FS

var page = template.Must(template.ParseFS(files, "page.html"))

func (c *Console) routes() http.Handler {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // cannot happen, because the folder is embedded
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /console/{$}", c.showPage)
	mux.Handle("GET /console/static/", http.StripPrefix("/console/static/", serve(static)))
	mux.HandleFunc("GET /console/stream", c.stream)
	mux.HandleFunc("GET /console/deliveries", c.listDeliveries)
	mux.HandleFunc("GET /console/deliveries/{id}", c.showDelivery)
	mux.HandleFunc("GET /console/found", c.find)
	mux.HandleFunc("GET /console/messages", c.listMessages)
	mux.HandleFunc("GET /console/message", c.showMessage)
	mux.HandleFunc("POST /console/deliveries/{id}/curl", c.samePage(c.makeCurl))
	mux.HandleFunc("POST /console/deliveries/{id}/send", c.samePage(c.sendAgain))
	mux.HandleFunc("POST /console/samples/{name}", c.samePage(c.sendSample))
	mux.HandleFunc("GET /console/simulation", c.showSimulation)
	mux.HandleFunc("POST /console/simulation", c.samePage(c.simulate))
	return guarded(http.NewCrossOriginProtection().Handler(mux))
}

// serve serves files. A path that no file can have, such as one that is not UTF-8, is not found.
// net/http would report it as an error of the server.
func serve(static fs.FS) http.Handler {
	server := http.FileServerFS(static)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !fs.ValidPath(r.URL.Path) {
			http.NotFound(w, r)
			return
		}
		server.ServeHTTP(w, r)
	})
}

// policy lets the page load its own files only. Scripts and styles inside a document do not apply.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), clipboard-write=(self)")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// samePage accepts a request only with the token in the page, which no other origin can read.
func (c *Console) samePage(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		given := r.Header.Get(TokenHeader)
		if subtle.ConstantTimeCompare([]byte(given), []byte(c.options.Token)) != 1 {
			writeProblem(w, http.StatusForbidden, "not asked from this page; reload it")
			return
		}
		next(w, r)
	}
}

// pageData is the data for the page's template.
type pageData struct {
	Token    string
	SDKAppID string
	BaseURL  string
	CanSend  bool
	CanPlay  bool
	Signed   bool // whether lines to copy carry a Sign
	Repairs  bool
	Zone     string // the time zone of the log, such as +08:00
	Samples  []sample
	Presets  []string
}

func (c *Console) showPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, pageData{ // a browser that has gone needs no page
		Token: c.options.Token, SDKAppID: c.options.SDKAppID, BaseURL: c.options.BaseURL,
		CanSend: c.options.Send != nil, CanPlay: c.options.Simulate != nil,
		Signed:  c.options.Sign != nil && !c.options.HideSigned,
		Repairs: c.options.Repairs, Zone: c.options.Now().Local().Format("-07:00"),
		Samples: samples, Presets: c.options.Presets,
	})
}

func (c *Console) listDeliveries(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64)
	if err != nil && r.URL.Query().Has("after") {
		writeProblem(w, http.StatusBadRequest, "after: not a number")
		return
	}
	entries, counts, missed := c.history.after(after)
	writeJSON(w, http.StatusOK, c.newPush(after, missed, entries, counts))
}

// delivery is the data that the page shows of one entry.
type delivery struct {
	*entry
	Advice     string      `json:"advice"`
	Answer     string      `json:"answer"`
	Reply      string      `json:"reply"`
	Parameters []parameter `json:"parameters"`
	Body       *string     `json:"body"` // null where it was not read
	BodyBytes  int         `json:"bodyBytes"`
	Whole      bool        `json:"whole"`
	Again      bool        `json:"again"` // whether it can be sent again

	Destinations []destination `json:"destinations"`
	Told         *told         `json:"told"` // null where no destination was called
}

func (c *Console) showDelivery(w http.ResponseWriter, r *http.Request) {
	e := c.requested(w, r)
	if e == nil {
		return
	}
	d := delivery{
		entry: e, Advice: e.advice, Answer: e.answer, Reply: e.reply, Parameters: e.parameters,
		BodyBytes: e.bodyBytes, Whole: e.whole(), Destinations: e.destinations, Told: e.told,
	}
	if e.body != nil {
		text := string(e.body)
		d.Body = &text
	}
	_, d.Again = c.again(e)
	writeJSON(w, http.StatusOK, d)
}

// requested returns the entry that a path names. Where there is none it answers the request and
// returns nil.
func (c *Console) requested(w http.ResponseWriter, r *http.Request) *entry {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err == nil {
		if e := c.history.entry(id); e != nil {
			return e
		}
	}
	writeProblem(w, http.StatusNotFound, "no longer kept")
	return nil
}

func (c *Console) makeCurl(w http.ResponseWriter, r *http.Request) {
	e := c.requested(w, r)
	if e == nil {
		return
	}
	q, ok := c.again(e)
	if !ok || !isText(q.body) {
		q, ok = c.example(), false
	}
	writeJSON(w, http.StatusOK, struct {
		Line string `json:"line"`
		Same bool   `json:"same"` // whether it sends this entry's body and not an example
	}{c.curl(q), ok})
}

func (c *Console) sendAgain(w http.ResponseWriter, r *http.Request) {
	e := c.requested(w, r)
	if e == nil {
		return
	}
	q, ok := c.again(e)
	if !ok {
		writeProblem(w, http.StatusConflict, "its body was not read, or not kept whole")
		return
	}
	c.send(w, r, q)
}

func (c *Console) sendSample(w http.ResponseWriter, r *http.Request) {
	q, ok := c.sampleRequest(r.Context(), r.PathValue("name"))
	if !ok {
		writeProblem(w, http.StatusNotFound, "no such sample")
		return
	}
	c.send(w, r, q)
}

func (c *Console) send(w http.ResponseWriter, r *http.Request, q request) {
	if c.options.Send == nil {
		writeProblem(w, http.StatusConflict, "this process does not send")
		return
	}
	status, reply := c.options.Send(r.Context(), q.method, q.query(), q.body)
	writeJSON(w, http.StatusOK, struct {
		Status int    `json:"status"`
		Reply  string `json:"reply"`
	}{status, cut(string(reply), maxKeptRule)})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a client that has gone needs no reply
}

func writeProblem(w http.ResponseWriter, status int, problem string) {
	writeJSON(w, status, struct {
		Problem string `json:"problem"`
	}{problem})
}
