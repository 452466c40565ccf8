package console

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"

	"msgext/pkg/msgext"
)

// Progress is the progress of a simulation, and its result once it is over.
type Progress struct {
	Changes  int // made by the users of the simulated Chat
	Messages int
	Sent     int // webhooks sent, of Planned
	Planned  int
	Lost     int // webhooks that were left out on purpose
	Differ   int // messages that differed from the simulated Chat at the last comparison
	Repaired int // messages that differed after the last webhook, and no longer differ
	Repair   bool

	// Look is a message that shows something of interest, or the zero Message.
	Look msgext.Message
}

// simulation is the running simulation, or the last one.
type simulation struct {
	mu       sync.Mutex
	preset   string
	running  bool
	progress Progress
	problem  string
}

// simulationView is the data that the page shows of it.
type simulationView struct {
	Preset   string `json:"preset"` // "" before the first one
	Running  bool   `json:"running"`
	Repair   bool   `json:"repair"` // whether all webhooks are sent
	Changes  int    `json:"changes"`
	Messages int    `json:"messages"`
	Sent     int    `json:"sent"`
	Planned  int    `json:"planned"`
	Lost     int    `json:"lost"`
	Differ   int    `json:"differ"`
	Repaired int    `json:"repaired"`
	Problem  string `json:"problem"`
	Look     string `json:"look"`  // path of a message of interest
	Label    string `json:"label"` // name of that message
}

// begin records that a preset is played. It returns false while another one is.
func (s *simulation) begin(preset string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return false
	}
	s.preset, s.running, s.progress, s.problem = preset, true, Progress{}, ""
	return true
}

func (s *simulation) report(p Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = p
}

func (s *simulation) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = false
	if err != nil {
		s.problem = cut(err.Error(), maxKeptRule)
	}
}

func (s *simulation) view() simulationView {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.progress
	v := simulationView{
		Preset: s.preset, Running: s.running, Repair: p.Repair, Changes: p.Changes, Messages: p.Messages, Sent: p.Sent, Planned: p.Planned,
		Lost: p.Lost, Differ: p.Differ, Repaired: p.Repaired, Problem: s.problem,
	}
	if p.Look != (msgext.Message{}) {
		var named entry
		named.setMessage(p.Look)
		v.Look, v.Label = named.Message, named.Label
	}
	return v
}

func (c *Console) showSimulation(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, c.simulation.view())
}

// simulate starts a simulation and answers at once. It goes on when the page closes. A page that
// opens meanwhile shows its progress.
func (c *Console) simulate(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Preset string `json:"preset"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxActionBytes)).Decode(&asked); err != nil {
		writeProblem(w, http.StatusBadRequest, "not a JSON object that names a preset")
		return
	}
	switch {
	case c.options.Simulate == nil || !slices.Contains(c.options.Presets, asked.Preset):
		writeProblem(w, http.StatusNotFound, "no such simulation")
		return
	case !c.simulation.begin(asked.Preset):
		writeProblem(w, http.StatusConflict, "a simulation is being played")
		return
	}
	c.playing.Go(func() {
		ctx, cancel := context.WithCancel(c.closing)
		defer cancel()
		c.simulation.end(c.options.Simulate(ctx, asked.Preset, c.simulation.report))
	})
	writeJSON(w, http.StatusAccepted, c.simulation.view())
}
