package gsm

import (
	"encoding/binary"

	"interplay/kernelkit/random"
)

// Canonical identifies the problem behind the words: 128 bits that are equal for
// graphs that differ only in the order of independent nodes, in which names
// (places, items, variables) stand where, in context and letters, and in the
// order in which a sum or product lists its parents. Path, distractors, all
// constants, the question and the mode take part. Values do not: they follow.
//
// The code is colour refinement (Weisfeiler and Leman 1968): each node is
// coloured by its definition, then by the colours of its parents, of its users,
// and of the nodes that share its place or its item. Isomorphic graphs always
// agree, so splits made from it cannot share a problem. Different graphs that
// refinement cannot tell apart agree too, which only puts them in one split.
//
// Parents must stand before children, as Validate checks.
func (g *Graph) Canonical() [16]byte {
	var space [3][64]uint64
	colour, users := space[0][:0], space[1][:0]
	for i := range g.Nodes {
		colour = append(colour, g.definition(i))
		users = append(users, 0)
	}
	for range 2 {
		g.refine(colour, users)
	}

	header := random.Mix(uint64(g.Family)<<56 ^ uint64(g.Mode)<<48 ^ uint64(g.Layers)<<40 ^ uint64(len(g.Nodes))<<20 ^ uint64(g.Path))
	header = random.Mix(header ^ uint64(g.Modulus))
	a, b := header, ^header
	for _, c := range colour {
		a += random.Mix(c ^ saltA)
		b += random.Mix(c ^ saltB)
	}
	var code [16]byte
	binary.LittleEndian.PutUint64(code[:8], random.Mix(a))
	binary.LittleEndian.PutUint64(code[8:], random.Mix(b))
	return code
}

// Salts keep the roles of a colour apart: digits of π, e and √2, nothing up the sleeve.
const (
	saltA      = 0x243f6a8885a308d3
	saltB      = 0x13198a2e03707344
	saltParent = 0xb7e151628aed2a6a
	saltUser   = 0xbf7158809cf4f3c7
	saltPlace  = 0x6a09e667f3bcc908
	saltItem   = 0xb2fb1366ea957d3e
)

// definition is the first colour of node i: what the node says of itself.
func (g *Graph) definition(i int) uint64 {
	n := &g.Nodes[i]
	h := uint64(n.Kind)<<16 | uint64(n.Inner)<<8 | uint64(n.Outer)
	if i < g.Path {
		h |= 1 << 24
	}
	if i == g.Question {
		h |= 1 << 25
	}
	h = random.Mix(h)
	if n.HasConst() {
		h = random.Mix(h + uint64(n.Const) + saltA)
	}
	return h
}

// refine colours each node by its ancestors (one pass down the list), then by
// its users (one pass up), then by its place and item.
func (g *Graph) refine(colour, users []uint64) {
	for i := range g.Nodes {
		n := &g.Nodes[i]
		sum := uint64(0)
		for k, p := range n.Parents {
			c := colour[p]
			if n.Inner == SumProducts && k%2 == 1 {
				c += random.Mix(colour[n.Parents[k-1]]) // which item the average belongs to
			}
			sum += random.Mix(c ^ saltParent ^ n.role(k))
		}
		colour[i] = random.Mix(colour[i] + sum)
		users[i] = 0
	}
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := &g.Nodes[i]
		colour[i] = random.Mix(colour[i] + random.Mix(users[i]))
		for k, p := range n.Parents {
			users[p] += random.Mix(colour[i] ^ saltUser ^ n.role(k))
		}
	}
	if g.Family == Symbolic {
		return // each variable is its own; there are no places
	}
	var place, item [maxWidth]uint64
	for i := range g.Nodes {
		n := &g.Nodes[i]
		place[n.Place%maxWidth] += random.Mix(colour[i] ^ saltPlace)
		if n.Item >= 0 {
			item[n.Item%maxWidth] += random.Mix(colour[i] ^ saltItem)
		}
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		colour[i] = random.Mix(colour[i] + place[n.Place%maxWidth])
		if n.Item >= 0 {
			colour[i] = random.Mix(colour[i] + item[n.Item%maxWidth])
		}
	}
}

// role tells the places of a parent list apart where their order matters: only
// in a difference. Items and averages of a layer-2 total differ by kind.
func (n *Node) role(k int) uint64 {
	if n.Inner == Difference {
		return uint64(k + 1)
	}
	return 0
}
