package qwen

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/strict"
)

const (
	embedName = "model.embed_tokens.weight"
	headName  = "lm_head.weight"
)

// loadTensors reads the tensors of Config.Specs from a folder's files, which must hold
// nothing else but what says the same again.
func loadTensors(dir string, c Config) ([]*tensors.Tensor, error) {
	files, err := weightFiles(dir)
	if err != nil {
		return nil, err
	}
	specs := c.Specs()
	at := make(map[string]int, len(specs))
	for i, s := range specs {
		at[s.Name] = i
	}
	if err := checkNames(dir, c, files, at); err != nil {
		return nil, err
	}
	out := make([]*tensors.Tensor, len(specs))
	var head *tensors.Tensor // of the file, where the network ties it
	for _, file := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, file)
		f, err := openSafetensors(path)
		if err != nil {
			return nil, err
		}
		for _, name := range files[file] {
			var t *tensors.Tensor
			i, ok := at[name]
			if ok {
				t, err = f.readFinite(specs[i])
			} else {
				t, err = f.readFinite(extraSpec(c, name))
			}
			switch {
			case err != nil:
				f.Close()
				return nil, fmt.Errorf("qwen: %s: %w", path, err)
			case ok:
				out[i] = t
			case name == headName:
				head = t
			case !isFrequencies(t, c):
				f.Close()
				return nil, fmt.Errorf("qwen: %s: %s holds other frequencies than those of rope_theta %g", path, name, c.RopeTheta)
			}
		}
		f.Close()
	}
	if head != nil && !slices.Equal(tensors.MustCopyFlatData[float32](head), tensors.MustCopyFlatData[float32](out[0])) {
		return nil, fmt.Errorf("qwen: %s: tie_word_embeddings is true, but %s differs from %s: say false to use the head of the file, or take the head out", dir, headName, embedName)
	}
	return out, nil
}

// weightFiles lists the tensors of a folder's safetensors files by file name, in order: of
// model.safetensors, or of the shards that the index names.
func weightFiles(dir string) (map[string][]string, error) {
	single, index := filepath.Join(dir, WeightsFile), filepath.Join(dir, indexFile)
	_, noSingle := os.Lstat(single)
	data, err := strict.ReadFile(index, maxHeader)
	switch noIndex := errors.Is(err, fs.ErrNotExist); {
	case !noIndex && err != nil:
		return nil, fmt.Errorf("qwen: %w", err)
	case noIndex && noSingle != nil:
		return nil, fmt.Errorf("qwen: there is no %s and no %s", single, indexFile)
	case !noIndex && noSingle == nil:
		return nil, fmt.Errorf("qwen: there are both %s and %s: which one holds the weights is not said; take one away", single, indexFile)
	case noIndex:
		names, err := tensorNames(single)
		return map[string][]string{WeightsFile: names}, err
	}
	where, err := parseIndex(data)
	if err != nil {
		return nil, fmt.Errorf("qwen: %s: %w", index, err)
	}
	files, owner := map[string][]string{}, map[string]string{}
	for _, file := range slices.Sorted(maps.Values(where)) {
		if files[file] != nil {
			continue
		}
		if files[file], err = tensorNames(filepath.Join(dir, file)); err != nil {
			return nil, err
		}
		for _, name := range files[file] {
			if where[name] != file {
				return nil, fmt.Errorf("qwen: %s holds tensor %.100s, for which %s names %q", filepath.Join(dir, file), name, indexFile, where[name])
			}
			owner[name] = file
		}
	}
	for _, name := range slices.Sorted(maps.Keys(where)) {
		if owner[name] == "" {
			return nil, fmt.Errorf("qwen: %s names %s for tensor %.100s, which is not there", index, where[name], name)
		}
	}
	return files, nil
}

// parseIndex reads which file holds which tensor.
func parseIndex(data []byte) (map[string]string, error) {
	if err := strict.Check(data); err != nil {
		return nil, err
	}
	var where map[string]string
	var notes map[string]any // such as total_size, of which programs have several opinions
	if err := strict.Fields(data, map[string]any{"weight_map": &where, "metadata": &notes}); err != nil {
		return nil, err
	}
	if len(where) == 0 {
		return nil, errors.New("there is no weight_map: expected the file of each tensor")
	}
	for _, name := range slices.Sorted(maps.Keys(where)) {
		if file := where[name]; file != filepath.Base(file) || !strings.HasSuffix(file, ".safetensors") {
			return nil, fmt.Errorf("the file of tensor %.100s is %.100q: expected the name of a safetensors file beside the index", name, file)
		}
	}
	return where, nil
}

// tensorNames lists a file's tensors, sorted. The list is never nil.
func tensorNames(path string) ([]string, error) {
	f, err := openSafetensors(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return slices.AppendSeq([]string{}, maps.Keys(f.header)), nil
}

// checkNames says whether the files hold every tensor of the network, and none besides but a
// head that is tied and buffers of rotary frequencies, which loadTensors compares.
func checkNames(dir string, c Config, files map[string][]string, at map[string]int) error {
	var strange []string
	seen := map[string]bool{}
	for _, names := range files {
		slices.Sort(names)
		for _, name := range names {
			seen[name] = true
			if _, ok := at[name]; !ok && extraSpec(c, name).Shape == nil {
				strange = append(strange, cmp.Or(fmt.Sprintf("%.100s", name), `""`))
			}
		}
	}
	for _, s := range c.Specs() {
		if !seen[s.Name] {
			return fmt.Errorf("qwen: %s: the weights lack tensor %s", dir, s.Name)
		}
	}
	if len(strange) > 0 {
		slices.Sort(strange)
		more := ""
		if n := len(strange) - 3; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		return fmt.Errorf("qwen: %s: the network that config.json describes (%d layers, %s) has no place for %s%s", dir,
			c.Layers, map[bool]string{true: "tied", false: "untied"}[c.Tied], strings.Join(strange[:min(3, len(strange))], ", "), more)
	}
	return nil
}

// extraSpec is what a tensor must look like that is no weight but may lie beside them: a
// head that is tied, or the rotary frequencies. Its Shape is nil for any other.
func extraSpec(c Config, name string) TensorSpec {
	if name == headName && c.Tied {
		return TensorSpec{name, []int{c.VocabSize, c.HiddenSize}}
	}
	rest, ok := strings.CutSuffix(name, "rotary_emb.inv_freq")
	if layer, in := strings.CutPrefix(rest, "model.layers."); in {
		layer, in = strings.CutSuffix(layer, ".self_attn.")
		n, err := strconv.Atoi(layer)
		ok = ok && in && err == nil && n >= 0 && n < c.Layers
	} else {
		ok = ok && rest == "model."
	}
	if !ok {
		return TensorSpec{Name: name}
	}
	return TensorSpec{name, []int{c.HeadDim() / 2}}
}

// isFrequencies says whether a buffer holds the rotary frequencies, as closely as bf16 does.
func isFrequencies(t *tensors.Tensor, c Config) bool {
	want := c.frequencies()
	for i, v := range tensors.MustCopyFlatData[float32](t) {
		if math.Abs(float64(v)-want[i]) > 0.005*want[i]+1e-7 {
			return false
		}
	}
	return true
}

// readFinite reads a tensor whose values must be numbers.
func (f *safetensorsFile) readFinite(s TensorSpec) (*tensors.Tensor, error) {
	t, err := f.read(s)
	if err != nil {
		return nil, err
	}
	if !finite(t) {
		return nil, fmt.Errorf("tensor %s holds values that are not finite", s.Name)
	}
	return t, nil
}

func finite(t *tensors.Tensor) bool {
	ok := true
	tensors.MustConstFlatData(t, func(flat []float32) {
		for _, v := range flat {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				ok = false
				return
			}
		}
	})
	return ok
}
