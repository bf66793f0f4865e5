package qwen

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// within fails when work takes more than 10 seconds of processor time or a gigabyte: what no
// model folder of a megabyte may take.
func within(t *testing.T, name string, work func()) {
	t.Helper()
	var before, after runtime.MemStats
	var start, end syscall.Rusage
	runtime.GC()
	runtime.ReadMemStats(&before)
	syscall.Getrusage(syscall.RUSAGE_SELF, &start)
	work()
	syscall.Getrusage(syscall.RUSAGE_SELF, &end)
	runtime.ReadMemStats(&after)
	if spent := time.Duration(end.Utime.Nano() + end.Stime.Nano() - start.Utime.Nano() - start.Stime.Nano()); spent > 10*time.Second {
		t.Errorf("%s takes %s", name, spent)
	}
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 1<<30 {
		t.Errorf("%s takes %d bytes", name, grown)
	}
}

// header is a safetensors file of that header alone.
func header(text string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
}

// entries repeats an entry with its number in it, up to a megabyte.
func entries(open, one, end string) string {
	var b strings.Builder
	b.WriteString(open)
	for i := 0; b.Len() < 1_000_000; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, one, i)
	}
	b.WriteString(end)
	return b.String()
}

func TestNoModelFolderTakesLong(t *testing.T) {
	whole := save(t, randomWeights(t, plainConfig(true), 2))
	largest := `{"model_type":"qwen2","vocab_size":4194304,"hidden_size":65536,"num_hidden_layers":128,"num_attention_heads":1024,"intermediate_size":262144,"max_position_embeddings":16777216`
	long := strings.Repeat("x", 1_000_000)
	for name, files := range map[string]map[string][]byte{
		"the largest network":     {ConfigFile: []byte(largest + "}")},
		"many keys":               {ConfigFile: []byte(entries(largest+",", `"k%d":0`, "}"))},
		"one long key":            {ConfigFile: []byte(largest + `,"` + long + `":0}`)},
		"one long value":          {ConfigFile: []byte(largest + `,"hidden_act":"` + long + `"}`)},
		"nested":                  {ConfigFile: []byte(largest + `,"id2label":` + strings.Repeat("[", 500_000) + "}")},
		"many ends":               {ConfigFile: []byte(entries(largest+`,"eos_token_id":[`, "%d", "]}"))},
		"ends elsewhere":          {GenerationFile: []byte(entries(`{"eos_token_id":[`, "%d", "]}"))},
		"a header of many":        {WeightsFile: header(entries("{", `"t%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, "}"))},
		"a shape of many":         {WeightsFile: header(entries(`{"t":{"dtype":"F32","data_offsets":[0,0],"shape":[0`, ",%d", "]}}"))},
		"a header that lies":      {WeightsFile: header(`{"model.embed_tokens.weight":{"dtype":"F32","shape":[23,24],"data_offsets":[0,9223372036854775807]}}`)},
		"an index of many":        {indexFile: []byte(entries(`{"weight_map":{`, `"t%[1]d":"f%[1]d.safetensors"`, "}}")), WeightsFile: nil},
		"an index of one file":    {indexFile: []byte(entries(`{"weight_map":{`, `"t%d":"a.safetensors"`, "}}")), "a.safetensors": header("{}"), WeightsFile: nil},
		"a name of a megabyte":    {WeightsFile: header(`{"` + long + `":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`)},
		"nothing but a length":    {WeightsFile: binary.LittleEndian.AppendUint64(nil, 1<<62)},
		"a length of no overflow": {WeightsFile: binary.LittleEndian.AppendUint64(nil, 1<<64-1)},
	} {
		dir := t.TempDir()
		os.CopyFS(dir, os.DirFS(whole))
		for file, data := range files {
			path := filepath.Join(dir, file)
			if os.Remove(path); data != nil {
				if err := os.WriteFile(path, data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		within(t, name, func() {
			_, err := Load(dir)
			if err == nil || len(err.Error()) > 2000 {
				t.Errorf("%s: the error is %.300v", name, err)
			}
		})
	}
}

func TestTextsTooLongToAttendToAreNamed(t *testing.T) {
	c := Config{Heads: 2}
	if err := c.CheckLength(16384); err != nil {
		t.Error(err)
	}
	for _, n := range []int{16385, 1 << 40} {
		if err := c.CheckLength(n); err == nil || !strings.Contains(err.Error(), "cut it to 16384 tokens or fewer") {
			t.Errorf("%d tokens: %v", n, err)
		}
	}
}

// Each layer is compiled for itself, however narrow: depth needs width.
func TestThinNetworksAreNotDeepForever(t *testing.T) {
	for _, c := range []struct {
		layers, width int
		right         bool
	}{{32, 2, true}, {33, 2, false}, {128, 2, false}, {33, 64, true}, {128, 256, true}} {
		config := testConfig
		config.Layers, config.HiddenSize, config.Heads, config.KVHeads, config.FFN = c.layers, c.width, 1, 1, 3*c.width
		switch err := config.Validate(); {
		case c.right && err != nil:
			t.Errorf("%d layers of width %d: %v", c.layers, c.width, err)
		case !c.right && (err == nil || !strings.Contains(err.Error(), "expected at most 32 layers of fewer than") || strings.Count(err.Error(), ". Each layer ") != 1):
			t.Errorf("%d layers of width %d: expected a refusal that says how many layers there may be, found %v", c.layers, c.width, err)
		}
	}
}
