package queue

import "testing"

func TestTakesInOrder(t *testing.T) {
	q := New(4)
	for _, name := range []string{"a", "b", "c"} {
		if err := q.Put(&Job{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"a", "b", "c"} {
		if got := q.Take().Name; got != want {
			t.Errorf("Take() = %q, want %q", got, want)
		}
	}
}

func TestIsBounded(t *testing.T) {
	q := New(2)
	for i, want := range []error{nil, nil, ErrFull} {
		t.Run(string(rune('0'+i)), func(t *testing.T) {
			if got := q.Put(&Job{}); got != want {
				t.Errorf("Put() = %v, want %v", got, want)
			}
		})
	}
	if q.Len() != 2 {
		t.Errorf("Len() = %d, want 2", q.Len())
	}
}

func TestEmpty(t *testing.T) {
	if New(1).Take() != nil {
		t.Fatal("an empty queue gave a job")
	}
}
