package train

// Batches returns the forward passes of a step of a run with these documents: what Run
// feeds its model, for those who want to look at it or give it to another program.
func Batches(docs Documents, cfg Config, step int) ([]*Batch, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	p, err := newPacker(docs, cfg)
	if err != nil {
		return nil, err
	}
	return p.batches(step)
}
