package pipeline

import (
	"interplay/kernelkit/gsm"
	"interplay/kernelkit/qwen"
)

// The two CPU scales whose bases start with weights that look values up by name
// (qwen.Lookup), and whose edge pre-training never saw. LAB.md has their pilots.

// lookup is micro with that start, and without micro's rare tail of deeper problems.
func lookup(seed int64) (Profile, error) {
	p := micro(seed)
	p.Name, p.About = "lookup", "micro whose base starts by looking values up by name and never sees its edge; no study has run at it yet"
	p.Base.Data = symbolicMix(gsm.Range{Min: 0, Max: 4})
	p.Base.Train.Steps, p.Base.Train.MilestoneEvery = 6000, 2000
	p.RL.GRPO.Steps = 200
	return p, p.Base.startWithLookups()
}

// words is the smallest scale of word problems: the zoo, of which pre-training sees ops 2 to 4.
func words(seed int64) (Profile, error) {
	p := micro(seed)
	p.Name, p.About = "words", "word problems on two CPU cores, the paper's own language; no study has run at it yet"
	p.Edge = gsm.Range{Min: 5, Max: 6}
	p.Base.Data = gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 4}, "zoo")
	p.Base.Phrases = &Phrases{Contexts: []string{"zoo", "school"}, Numbers: 256}
	tok, err := tokenizer(p.Base)
	if err != nil {
		return p, err
	}
	p.Base.Model = qwen.Config{VocabSize: tok.Size(), HiddenSize: 128, Layers: 4, Heads: 4, KVHeads: 4, FFN: 384, Context: 512,
		RopeTheta: 1e6, RMSEps: 1e-6, Tied: true, EmbedScale: 8}
	t := &p.Base.Train
	t.Steps, t.Batch, t.Seq, t.LR, t.MinLR, t.Warmup = 6000, 10, 256, 2e-3, 2e-4, 100
	t.ShiftPositions, t.CheckpointEvery, t.MilestoneEvery = 63, 500, 2000
	p.RL.Data = gsm.Uniform(gsm.Realistic, p.Edge, "zoo")
	p.RL.GRPO.Steps, p.RL.GRPO.MaxTokens = 150, 140
	p.Evaluation.Data = gsm.Uniform(gsm.Realistic, gsm.Range{Min: 2, Max: 8}, "zoo")
	p.Evaluation.MaxTokens = 180
	return p, p.Base.startWithLookups()
}

// startWithLookups replaces the offset heads by the look-up of the names in the recipe's own
// corpus. Slow rotary pairs need the larger base.
func (r *Pretraining) startWithLookups() (err error) {
	r.Model.OffsetInit, r.Model.RopeTheta = false, 1e6
	r.Model.LookupInit, err = lookups(*r)
	return err
}
