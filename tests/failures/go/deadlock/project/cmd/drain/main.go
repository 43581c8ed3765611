package main

import (
	"fmt"
	"sync"

	"example.org/queue"
)

func main() {
	q, done := queue.New(8), make(chan string)
	var wg sync.WaitGroup
	for i := 0; i < 3; i++ {
		_ = q.Put(&queue.Job{Name: fmt.Sprintf("job-%d", i)})
	}
	wg.Add(1)
	go func() {
		defer wg.Done()
		for name := range done {
			fmt.Println("drained", name)
		}
	}()
	for j := q.Take(); j != nil; j = q.Take() {
		done <- j.Name
	}
	wg.Wait()
}
