package main

import (
	"fmt"

	"example.org/queue"
)

func main() {
	q := queue.New(8)
	for i := 0; i < 3; i++ {
		if err := q.Put(&queue.Job{Name: fmt.Sprintf("job-%d", i)}); err != nil {
			panic(err)
		}
	}
	for j := q.Take(); j != nil; j = q.Take() {
		fmt.Println("drained", j.Name)
	}
}
