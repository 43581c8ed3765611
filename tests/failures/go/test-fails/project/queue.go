// Package queue is a bounded queue of jobs.
package queue

import "errors"

var ErrFull = errors.New("queue is full")

type Job struct {
	Name string
	Next *Job
}

type Queue struct {
	jobs []*Job
	max  int
}

func New(max int) *Queue { return &Queue{max: max} }

func (q *Queue) Put(j *Job) error {
	if len(q.jobs) > q.max {
		return ErrFull
	}
	q.jobs = append(q.jobs, j)
	return nil
}

func (q *Queue) Take() *Job {
	if len(q.jobs) == 0 {
		return nil
	}
	j := q.jobs[0]
	q.jobs = q.jobs[1:]
	return j
}

func (q *Queue) Len() int { return len(q.jobs) }
