package rollout

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/engine"
	"interplay/kernelkit/qwen"
	"interplay/kernelkit/random"
)

// group is what a slot holds: samples first to first+n−1 of one prompt.
type group struct{ prompt, first, n int }

// bucket is a part of a job whose groups all run with the same tensor shapes.
type bucket struct {
	length int     // positions in the cache of a prompt
	share  int     // rows of each slot
	slots  int     // slots of each worker; split sets it
	groups []group // what is to be sampled
}

// smallestLength is the length of the smallest prompt cache, in positions. Each next size is twice
// as long. Few sizes mean few programs: compiling one takes seconds, while padding a prompt costs a
// few per cent of a step.
const smallestLength = 32

// buckets sorts the prompts by length and puts those that fit the same cache length into one
// bucket. perGroup is the largest number of samples in a group. A bucket that would not fill
// opt.Rows rows is joined to the next longer one, because compiling its own program would take
// longer than its padding costs.
func buckets(prompts [][]int32, opt Options, perGroup int) []bucket {
	perGroup = min(perGroup, opt.Rows)
	share := ceilDiv(opt.Samples, ceilDiv(opt.Samples, perGroup))
	order := make([]int, len(prompts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(prompts[a]), len(prompts[b])) })

	var all []bucket
	var pending []group
	flush := func(length int) {
		if len(pending) > 0 {
			all = append(all, bucket{length: length, share: share, groups: pending})
			pending = nil
		}
	}
	length := smallestLength
	for _, i := range order {
		if need := len(prompts[i]); need > length {
			if len(pending)*share >= opt.Rows {
				flush(length)
			}
			length = smallestLength << bits.Len(uint((need-1)/smallestLength))
		}
		for first := 0; first < opt.Samples; first += share {
			pending = append(pending, group{i, first, min(share, opt.Samples-first)})
		}
	}
	flush(length)
	return all
}

// split deals the groups in turn to n workers, each of which has the given number of rows. Where
// there are at least four prompts for each worker, all groups of a prompt go to the same worker,
// which then computes the prompt once. The result depends only on the job, never on timing, so a
// run gives the same bits each time.
func (b bucket) split(n, rows int) []bucket {
	// A worker with fewer groups than slots gets fewer slots: the next power of two, so that jobs
	// of similar size share a compiled program.
	slots := min(max(1, rows/b.share), 1<<bits.Len(uint(ceilDiv(len(b.groups), n)-1)))
	var prompts []int // without repetitions; groups of a prompt stand side by side
	for _, g := range b.groups {
		if len(prompts) == 0 || prompts[len(prompts)-1] != g.prompt {
			prompts = append(prompts, g.prompt)
		}
	}
	shares := make([]bucket, n)
	at := -1
	for i, g := range b.groups {
		switch {
		case len(prompts) < 4*n:
			at = i
		case i == 0 || b.groups[i-1].prompt != g.prompt:
			at++
		}
		w := &shares[at%n]
		w.length, w.share, w.slots, w.groups = b.length, b.share, slots, append(w.groups, g)
	}
	return shares
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// run samples one worker's part of a bucket on one device.
type run struct {
	s       *Sampler
	device  compute.DeviceNum
	opt     Options
	prompts [][]int32
	bucket  bucket
	loop    *graph.Exec
	queue   []group // groups that wait for a slot

	slots   int
	rows    int // slots × rows of each slot; those of slot i stand side by side
	fresh   int // prompts that one call of the prefill program computes
	segment int // most steps in one call of the loop

	held   []group    // by slot: the group in it, which may have ended
	cached []int      // by slot: the prompt whose keys and values it holds; −1: none
	row    []rowState // by row
	step   int32      // where in the rings the loop writes next

	// On the device. Lists have keys and values of each layer in turn (see state).
	weights     []*tensors.Tensor // transposed
	promptCache []*tensors.Tensor // of the prompts, one entry a slot
	ring        []*tensors.Tensor // of what the rows wrote
	empty       []*tensors.Tensor // zeros in place of new prompts, where slots only copy old ones
}

// rowState is what the host knows of a row.
type rowState struct {
	live      bool
	sample    int    // its number among the prompt's samples
	token     int32  // the last one, which the next step reads
	low, high uint32 // the two halves of its noise key
	out       Completion
}

// longestSegment is the largest number of steps in one call of the loop. It bounds the memory for
// what a call draws, and is how often a cancelled job is noticed.
const longestSegment = 256

func (s *Sampler) newRun(weights []*tensors.Tensor, prompts [][]int32, opt Options, b bucket, device compute.DeviceNum) *run {
	r := &run{s: s, device: device, opt: opt, prompts: prompts, bucket: b, queue: b.groups, weights: weights}
	r.slots = b.slots
	r.fresh = max(1, r.slots/2)
	r.rows = r.slots * b.share
	r.segment = min(opt.MaxTokens, longestSegment)
	r.held = make([]group, r.slots)
	r.cached = make([]int, r.slots)
	for i := range r.cached {
		r.cached[i] = -1
	}
	r.row = make([]rowState, r.rows)

	r.loop = s.loop[opt.drawnFrom()]
	cache := func(dims ...int) []*tensors.Tensor {
		all := make([]*tensors.Tensor, 2*s.cfg.Layers)
		for i := range all {
			all[i] = tensors.FromShape(shapes.Make(dtypes.Float32, dims...))
		}
		return all
	}
	r.promptCache = cache(r.slots, s.cfg.KVHeads, b.length, s.cfg.HeadDim())
	r.empty = cache(r.fresh, s.cfg.KVHeads, b.length, s.cfg.HeadDim())
	r.ring = cache(r.rows, s.cfg.KVHeads, opt.MaxTokens, s.cfg.HeadDim())
	return r
}

// compile gets the programs that the job needs. Each is compiled when it first meets new shapes.
func (s *Sampler) compile(from drawnFrom) (err error) {
	make1 := func(e **graph.Exec, name string, f func([]*graph.Node) []*graph.Node) {
		if *e == nil && err == nil {
			*e, err = s.eng.Program(fmt.Sprintf("rollout %s %d %+v", name, from, s.cfg), func(b compute.Backend) (*graph.Exec, error) {
				exec, err := graph.NewExec(b, f)
				if err != nil {
					return nil, err
				}
				return exec.WithName(name), nil
			})
		}
	}
	make1(&s.transpose, "transpose", func(in []*graph.Node) []*graph.Node { return qwen.TransposeWeights(s.cfg, in) })
	make1(&s.prefill, "prefill", prefillGraph(s.cfg))
	make1(&s.place, "place", placeGraph(s.cfg.Layers))
	make1(&s.loop[from], "sample", loopGraph(s.cfg, from))
	if err != nil {
		return fmt.Errorf("rollout: %w", err)
	}
	return nil
}

func (r *run) free() {
	engine.Free(r.promptCache, r.ring, r.empty)
}

// run samples all groups of the queue and hands each completion to each when its group has ended.
func (r *run) run(ctx context.Context, each func(prompt, sample int, c Completion) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.refill(); err != nil {
			return fmt.Errorf("rollout: %w", err)
		}
		busy := r.busy()
		if busy == 0 {
			return nil
		}
		limit := 0
		if len(r.queue) > 0 { // return when a quarter of the slots is free, or enough for all that wait
			limit = r.slots - min(max(1, r.slots/4), len(r.queue))
		}
		if err := r.advance(busy, limit); err != nil {
			return fmt.Errorf("rollout: %w", err)
		}
		if err := r.deliver(each); err != nil {
			return err
		}
	}
}

// slotRows are the rows of a slot.
func (r *run) slotRows(slot int) []rowState {
	return r.row[slot*r.bucket.share : (slot+1)*r.bucket.share]
}

// busy counts the slots with a live row.
func (r *run) busy() int {
	n := 0
	for i := range r.slots {
		if slices.ContainsFunc(r.slotRows(i), func(w rowState) bool { return w.live }) {
			n++
		}
	}
	return n
}

// refill puts waiting groups into free slots. A prompt that some slot still holds is copied from
// there. The others are computed, at most r.fresh of them in each round.
func (r *run) refill() error {
	for len(r.queue) > 0 && r.busy() < r.slots {
		from := make([]int32, r.slots) // by slot: the slot whose prompt it gets, or slots + i for fresh[i]
		for i := range from {
			from[i] = int32(i)
		}
		var fresh []int // the prompts to compute in this round
		cached := slices.Clone(r.cached)
		full := false
		for i := 0; i < r.slots && len(r.queue) > 0 && !full; i++ {
			if slices.ContainsFunc(r.slotRows(i), func(w rowState) bool { return w.live }) {
				continue
			}
			next := r.queue[0].prompt
			if old := slices.Index(r.cached, next); old >= 0 {
				from[i] = int32(old)
			} else {
				k := slices.Index(fresh, next)
				if k < 0 {
					if full = len(fresh) == r.fresh; full {
						break
					}
					k = len(fresh)
					fresh = append(fresh, next)
				}
				from[i] = int32(r.slots + k)
			}
			cached[i] = next
			r.enter(i, r.queue[0])
			r.queue = r.queue[1:]
		}
		if err := r.fill(fresh, from); err != nil {
			return err
		}
		r.cached = cached
	}
	return nil
}

// enter starts a group in a slot. The loop's first input is the prompt's last token, so the prompt's
// cache is used without it.
func (r *run) enter(slot int, q group) {
	r.held[slot] = q
	prompt := r.prompts[q.prompt]
	rows := r.slotRows(slot)
	for j := range rows {
		rows[j] = rowState{token: prompt[len(prompt)-1]}
		if j < q.n {
			key := random.Key(r.opt.Seed, "rollout", r.opt.FirstPrompt+uint64(q.prompt), r.opt.FirstSample+uint64(q.first+j))
			rows[j].live, rows[j].sample = true, q.first+j
			rows[j].low, rows[j].high = uint32(key), uint32(key>>32)
		}
	}
}

// fill computes the keys and values of the new prompts and gives every slot the entry that from
// names, as refill describes it.
func (r *run) fill(fresh []int, from []int32) error {
	identity := true
	for i, f := range from {
		identity = identity && int(f) == i
	}
	if identity {
		return nil
	}
	caches := r.empty
	if len(fresh) > 0 {
		flat := make([]int32, r.fresh*r.bucket.length)
		for i, p := range fresh {
			copy(flat[i*r.bucket.length:], r.prompts[p])
		}
		tokens := tensors.FromFlatDataAndDimensions(flat, r.fresh, r.bucket.length)
		defer tokens.MustFinalizeAll()
		var err error
		if caches, err = r.call(r.s.prefill, engine.Arguments(r.weights, []*tensors.Tensor{tokens})...); err != nil {
			return err
		}
		defer engine.Free(caches)
	}
	index := vector(from)
	defer index.MustFinalizeAll()
	in := placed[*tensors.Tensor]{old: r.promptCache, fresh: caches, from: index}
	out, err := r.call(r.s.place, engine.Arguments(engine.List(&in))...)
	if err != nil {
		return err
	}
	engine.Free(r.promptCache)
	r.promptCache = out
	return nil
}

// call executes a program on the run's device.
func (r *run) call(program *graph.Exec, args ...any) ([]*tensors.Tensor, error) {
	out, _, err := program.CallWithGraphOnDevice(r.device, args...)
	return out, err
}

// advance calls the loop once and adds what it drew to the rows. busy is the number of groups with a
// live row; the loop returns when at most limit of them are left, or after r.segment steps.
func (r *run) advance(busy, limit int) error {
	in := r.state(busy, limit)
	single := in
	in.prompt, in.ring, in.weights = r.promptCache, r.ring, r.weights
	out, err := r.call(r.loop, engine.Arguments(engine.List(&in))...)
	engine.Free(engine.List(&single))
	if err != nil {
		return err
	}
	engine.Free(r.ring)
	d := drawn[*tensors.Tensor]{ring: make([]*tensors.Tensor, len(r.ring))}
	engine.Fill(&d, out)
	r.ring = d.ring
	steps := int(tensors.ToScalar[int32](d.steps))
	err = r.note(steps, &d)
	engine.Free([]*tensors.Tensor{d.steps, d.tokens, d.logProbs, d.sampleLogProbs, d.entropy})
	r.step = (r.step + int32(steps)) % int32(r.opt.MaxTokens)
	return err
}

// note adds the tokens of a call, [steps, rows], to the rows and ends those that stop.
func (r *run) note(steps int, d *drawn[*tensors.Tensor]) error {
	tokens := tensors.MustCopyFlatData[int32](d.tokens)
	logProbs := tensors.MustCopyFlatData[float32](d.logProbs)
	sampleLogProbs := tensors.MustCopyFlatData[float32](d.sampleLogProbs)
	entropy := tensors.MustCopyFlatData[float32](d.entropy)
	for i := range r.row {
		w := &r.row[i]
		for t := i; w.live && t < steps*r.rows; t += r.rows {
			w.token = tokens[t]
			if !r.opt.NotFinite && !(finite(logProbs[t]) && finite(sampleLogProbs[t])) {
				return fmt.Errorf("rollout: a token was drawn at log-probability %g: the model leaves what single precision holds; look for very large weights or rotary frequencies", logProbs[t])
			}
			w.out.IDs = append(w.out.IDs, tokens[t])
			w.out.LogProbs = append(w.out.LogProbs, logProbs[t])
			w.out.SampleLogProbs = append(w.out.SampleLogProbs, sampleLogProbs[t])
			w.out.Entropy = append(w.out.Entropy, entropy[t])
			switch {
			case slices.Contains(r.opt.Stop, tokens[t]):
				w.live, w.out.Finish = false, Stop
			case len(w.out.IDs) == r.opt.MaxTokens:
				w.live = false
			}
		}
		if r.opt.Greedy {
			clear(w.out.SampleLogProbs) // a greedy choice has probability 1
		}
	}
	return nil
}

func finite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// state is what the loop gets at the start of a call, except caches and weights.
func (r *run) state(busy, limit int) state[*tensors.Tensor] {
	token, written, live := make([]int32, r.rows), make([]int32, r.rows), make([]int32, r.rows)
	low, high := make([]uint32, r.rows), make([]uint32, r.rows)
	for i, w := range r.row {
		token[i], written[i], low[i], high[i] = w.token, int32(len(w.out.IDs)), w.low, w.high
		if w.live {
			live[i] = 1
		}
	}
	length := make([]int32, r.slots)
	for i := range length {
		length[i] = 1
		if r.cached[i] >= 0 {
			length[i] = int32(len(r.prompts[r.cached[i]]))
		}
	}
	stop := append([]int32{-1}, r.opt.Stop...) // −1 is no token: it keeps the tensor from being empty
	noise := float32(1)
	if r.opt.Greedy {
		noise = 0
	}
	drawn := func(d dtypes.DType) *tensors.Tensor { return tensors.FromShape(shapes.Make(d, r.segment, r.rows)) }
	return state[*tensors.Tensor]{
		index: tensors.FromScalar(int32(0)), busy: tensors.FromScalar(int32(busy)), limit: tensors.FromScalar(int32(limit)),
		step: tensors.FromScalar(r.step), token: vector(token), written: vector(written), live: vector(live),
		low: vector(low), high: vector(high), length: vector(length), stop: vector(stop),
		temperature: tensors.FromScalar(float32(r.opt.Temperature)), noise: tensors.FromScalar(noise),
		topP: tensors.FromScalar(float32(r.opt.TopP)), topK: tensors.FromScalar(int32(r.opt.TopK)),
		tokens: drawn(dtypes.Int32), logProbs: drawn(dtypes.Float32), sampleLogProbs: drawn(dtypes.Float32), entropy: drawn(dtypes.Float32),
	}
}

// vector is a tensor [len(v)].
func vector[T int32 | uint32](v []T) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(v, len(v))
}

// deliver hands the completions of each group that has ended to each, once.
func (r *run) deliver(each func(prompt, sample int, c Completion) error) error {
	for i := range r.slots {
		rows := r.slotRows(i)
		if slices.ContainsFunc(rows, func(w rowState) bool { return w.live }) {
			continue
		}
		for j := range rows {
			if len(rows[j].out.IDs) == 0 {
				continue
			}
			if err := each(r.held[i].prompt, rows[j].sample, rows[j].out); err != nil {
				return err
			}
			rows[j].out = Completion{}
		}
	}
	return nil
}
