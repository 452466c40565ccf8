package dynamostate

import "sync"

// width is how many calls are made at once: all the keys of one event (msgext.MaxKeyValues).
const width = 20

// parallel calls do for 0 to n-1, up to width at a time. All are tried, and the first error in the
// order of the numbers is returned.
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
		errs[n-1] = do(n - 1) // here, so that one alone needs no goroutine
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
