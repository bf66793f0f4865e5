package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// Whatever stands in done.json, reading it gives an error or the seal.
func FuzzDone(f *testing.F) {
	st, err := Open(filepath.Join(f.TempDir(), "runs"))
	if err != nil {
		f.Fatal(err)
	}
	var runs atomic.Int64
	s := counter(3, &runs, 0)
	if _, err := st.Run(context.Background(), s, nil); err != nil {
		f.Fatal(err)
	}
	name := filepath.Join(st.Dir(s), "done.json")
	whole, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"files":{"../../../etc/passwd":"x"}}`))
	f.Add(whole[:len(whole)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if done, err := st.Done(s); (done == nil) == (err == nil) {
			t.Errorf("%q: the seal is %v and the error %v", data, done, err)
		}
	})
}
