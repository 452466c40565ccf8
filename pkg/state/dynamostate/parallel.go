package dynamostate

import "sync"

// width is how many calls are made at the same time: enough for all the keys of one event
// (msgext.MaxKeyValues).
const width = 20

// parallel calls do for 0 to n-1, up to width at a time. It makes all calls, and returns the error
// of the lowest number.
func parallel(n int, do func(i int) error) error {
	errs := make([]error, n)
	slots := make(chan struct{}, width)
	var all sync.WaitGroup
	for i := range n - 1 {
		slots <- struct{}{}
		all.Go(func() {
			errs[i] = do(i)
			<-slots
		})
	}
	if n > 0 {
		errs[n-1] = do(n - 1) // in this goroutine, so that a single call starts none
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
