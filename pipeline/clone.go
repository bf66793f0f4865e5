package pipeline

import "slices"

// Clones of recipes share nothing that can be written to with what they were made of. Functions of a user's are
// shared: they are not changed, but replaced.

// Clone is a copy of the recipe.
func (r Pretraining) Clone() Pretraining {
	r.Data, r.Vocabulary = r.Data.Clone(), slices.Clone(r.Vocabulary)
	if r.Phrases != nil {
		r.Phrases = &Phrases{slices.Clone(r.Phrases.Contexts), r.Phrases.Numbers}
	}
	return r
}

// Clone is a copy of the recipe.
func (r Reinforcement) Clone() Reinforcement {
	r.Data = r.Data.Clone()
	if r.JudgeErrors != nil {
		errs := *r.JudgeErrors
		r.JudgeErrors = &errs
	}
	return r
}

// Clone is a copy of the recipe.
func (r Rejection) Clone() Rejection {
	r.Data = r.Data.Clone()
	return r
}

// Clone is a copy of the recipe.
func (r Evaluation) Clone() Evaluation {
	r.Data = r.Data.Clone()
	return r
}
