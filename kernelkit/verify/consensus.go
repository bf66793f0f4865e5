package verify

import "strings"

// agreement is how far an attempt's steps are those of its siblings, in [0, 1]. The
// voters are the attempts of its group with the right answer, itself included if it has
// that. A step says what its quantity is: what the step ends with. It agrees when as many
// voters say the same of the quantity as say anything else. Counted are the quantities
// that the attempt has a step about, and those that at least half of the voters have one about:
//
//	agreement = agreeing / counted, and 1 where nothing is counted
//
// No truth enters but the answer's.
func (a Attempt) agreement() float64 {
	votes := map[int]map[string]int{} // of each quantity: what is said of it, how often
	voters := 0
	for _, sibling := range a.Group {
		if !sibling.Verdict.Answer {
			continue
		}
		voters++
		for node, value := range sibling.claims() {
			if votes[node] == nil {
				votes[node] = map[string]int{}
			}
			votes[node][value]++
		}
	}
	mine := a.claims()
	agreeing, counted := 0, len(mine)
	for node, value := range mine {
		own, most := votes[node][value], 0
		for _, n := range votes[node] {
			most = max(most, n)
		}
		if own > 0 && own == most {
			agreeing++
		}
	}
	for node, said := range votes {
		stated := 0
		for _, n := range said {
			stated += n
		}
		if _, have := mine[node]; !have && 2*stated >= voters {
			counted++
		}
	}
	if counted == 0 {
		return 1
	}
	return float64(agreeing) / float64(counted)
}

// claims are the values that an attempt's steps end with, by the node that they are
// about; the last step about a node counts.
func (a Attempt) claims() map[int]string {
	out := map[int]string{}
	for _, step := range a.Explain().Steps {
		words := strings.Fields(step.Text)
		if step.Node >= 0 && len(words) > 0 {
			out[step.Node] = strings.TrimRight(words[len(words)-1], ".,;")
		}
	}
	return out
}
