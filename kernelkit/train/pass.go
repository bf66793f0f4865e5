package train

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"interplay/kernelkit/qwen"
)

// pass is what a forward pass gets of a batch, or several passes of their batches, stacked.
type pass[T any] struct {
	rows T // [planes, rows, seq] int32

	// wanted names the positions with targets [wanted] (qwen.Only): the network ends there.
	// Where nearly all have one it is not there, and the network computes all.
	wanted T
	some   bool // whether wanted is there
}

// The planes of pass.rows.
const (
	tokenPlane = iota
	targetPlane
	positionPlane
	segmentPlane
	placePlane // see qwen.Only
	planes
)

func (p *pass[T]) Each(visit func(*T)) {
	visit(&p.rows)
	if p.some {
		visit(&p.wanted)
	}
}

// targetLogProbs is the network on a pass: the log-probs of its targets, [rows, seq] or [wanted].
func targetLogProbs(model qwen.Config, cfg Config, weights []*Node, p pass[*Node]) *Node {
	plane := func(i int) *Node { return Squeeze(SliceAxis(p.rows, 0, AxisElem(i)), 0) }
	rows := qwen.Rows{Tokens: plane(tokenPlane), Positions: plane(positionPlane), Sharded: cfg.devices() > 1}
	if cfg.DocumentMask {
		rows.Segments = plane(segmentPlane)
	}
	targets := plane(targetPlane)
	if p.some {
		rows.Only = &qwen.Only{Index: p.wanted, Place: plane(placePlane)}
		targets = rows.Only.Targets(targets)
	}
	d := qwen.BindAs(model, weights, cfg.dtype())
	d.Recompute = cfg.Recompute
	return qwen.TargetLogProbs(d.Logits(d.Hidden(rows)), targets)
}

// room says at how many positions the network ends for a run's batches: enough for those with
// a target in any batch of the first rows that are packed together, and a twentieth more. A
// batch that needs more ends at all positions, and so do all where that is hardly more, or where
// rows lie on several devices. So a run has two programs at most.
func (p *packer) room() (int, error) {
	all := p.cfg.Batch * p.cfg.Seq
	most := 0
	for step := range p.steps {
		batches, err := p.batches(step)
		if err != nil {
			return 0, err
		}
		for _, b := range batches {
			most = max(most, b.Count)
		}
	}
	if room := most + most/20 + 1; room <= all*7/8 && p.cfg.devices() == 1 {
		return room, nil
	}
	return all, nil
}

// flat are the numbers of some rows: [planes, rows, seq].
func (b *Batch) flat(first, end int) []int32 {
	from, to := first*b.Seq, end*b.Seq
	place := make([]int32, to-from)
	at := int32(0)
	for i, target := range b.Targets[from:to] {
		place[i] = -1
		if target >= 0 {
			place[i] = at
			at++
		}
	}
	return slices.Concat(b.Inputs[from:to], b.Targets[from:to], b.Positions[from:to], b.Segments[from:to], place)
}

// wantedIndex is qwen.Only.Index of the batch's targets.
func (b *Batch) wantedIndex(room int) []int32 {
	index := make([]int32, 0, room)
	for i, target := range b.Targets {
		if target >= 0 {
			index = append(index, int32(i))
		}
	}
	for len(index) < room {
		index = append(index, -1)
	}
	return index
}

// part is what one of several devices gets of a batch.
func (b *Batch) part(device, devices, wanted int) pass[any] {
	rows := b.Rows / devices
	p := pass[any]{rows: tensors.FromFlatDataAndDimensions(b.flat(device*rows, (device+1)*rows), planes, rows, b.Seq), some: wanted < b.Rows*b.Seq}
	if p.some {
		p.wanted = tensors.FromFlatDataAndDimensions(b.wantedIndex(wanted), wanted)
	}
	return p
}

// stacked joins batches of one size for a call of as many passes, or of fewer: the rest is empty.
func stacked(batches []*Batch, passes, wanted int) pass[any] {
	rows, seq := batches[0].Rows, batches[0].Seq
	flat, index := make([]int32, 0, passes*planes*rows*seq), make([]int32, 0, passes*wanted)
	for _, b := range batches {
		flat, index = append(flat, b.flat(0, rows)...), append(index, b.wantedIndex(wanted)...)
	}
	p := pass[any]{rows: tensors.FromFlatDataAndDimensions(flat[:cap(flat)], passes, planes, rows, seq), some: wanted < rows*seq}
	if p.some {
		p.wanted = tensors.FromFlatDataAndDimensions(index[:cap(index)], passes, wanted)
	}
	return p
}
