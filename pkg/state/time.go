package state

import "time"

// Milliseconds returns a time as stores keep it: Unix milliseconds, 0 for the zero time.
func Milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Moment is the inverse of Milliseconds, in UTC.
func Moment(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

// toMillisecond cuts a time to the precision that every store keeps. The zero time stays zero.
func toMillisecond(t time.Time) time.Time { return Moment(Milliseconds(t)) }
