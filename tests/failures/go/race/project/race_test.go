package queue

import (
	"sync"
	"testing"
)

func TestManyPut(t *testing.T) {
	q := New(100)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := 0; i < 2; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			put(q, &mu)
		}()
	}
	wg.Wait()
}

func put(q *Queue, mu *sync.Mutex) {
	_ = q.Put(&Job{})
}
