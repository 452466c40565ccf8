package repair_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
	"msgext/pkg/repair"
)

// Announced messages for which a run has no time are counted, up to a thousand, in its report and
// in its line. A line that counts none does not name them.
func TestRun_CountsTheAnnouncedMessagesItHasNoTimeFor(t *testing.T) {
	for name, test := range map[string]struct{ announced, wantChecked, wantSkipped int }{
		"time for all":   {200, 200, 0},
		"time for some":  {400, 300, 100}, // 50 a second, for 6 s
		"far too little": {1500, 300, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			scheduled(t, func(t *testing.T, l *line) {
				for i := range test.announced {
					l.chat.Add(named("announced", i))
					require.NoError(t, l.store.Announce(t.Context(), named("announced", i), time.Now(), time.Now().Add(10*time.Minute-grace)))
				}
				time.Sleep(11 * time.Minute)
				var log bytes.Buffer
				report, err := l.with(func(o *repair.Options) {
					o.MaxRun, o.Logger, o.Metrics = 12*time.Second, slog.New(slog.NewJSONHandler(&log, nil)), metric.Plain
				}).Run(context.Background())
				require.NoError(t, err)
				assert.InDelta(t, test.wantChecked, report.Checked, 10, "a tick that nobody waits for is lost")
				if test.wantSkipped < 1000 {
					assert.Equal(t, test.announced, report.Checked+report.AnnouncedSkipped)
				} else {
					assert.Equal(t, test.wantSkipped, report.AnnouncedSkipped)
				}
				var line map[string]any
				require.NoError(t, json.Unmarshal(log.Bytes(), &line))
				if test.wantSkipped == 0 {
					assert.NotContains(t, line, metric.AnnouncedSkipped)
				} else {
					assert.EqualValues(t, report.AnnouncedSkipped, line[metric.AnnouncedSkipped])
				}
			})
		})
	}
}
