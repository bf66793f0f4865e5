package qwen

import . "github.com/gomlx/gomlx/core/graph"

// The parts of a block as functions of their own: those that the decoder is made of, for who looks at
// one alone or holds another one to it, as the lessons of notebooks/course do.

// RMSNorm is x/√(mean x² + ε) · scale, of x [..., hidden] and scale [hidden].
func (c Config) RMSNorm(x, scale *Node) *Node { return (&Decoder{Config: c}).rmsNorm(x, scale) }

// Turned is x [batch, seq, heads, headDim] turned by the rotary angles of positions [batch, seq] int32,
// all of which are below the configuration's Context.
func (c Config) Turned(x, positions *Node) *Node {
	d := &Decoder{Config: c}
	return d.turned(x, d.rotary(positions, c.Context, x.DType()))
}

// Attend is causal attention: turned queries [batch, seq, heads, headDim] and keys, and values
// [batch, seq, kvHeads, headDim] → [batch, seq, heads, headDim].
func Attend(q, k, v *Node) *Node {
	return (&Decoder{}).toRow(q, k, v, causalBias(q.Graph(), q.Shape().Dim(1), nil))
}

// SwiGLU is silu(gate) ⊙ up, of two [..., ffn].
func SwiGLU(gate, up *Node) *Node { return (&Decoder{}).swiGLU(gate, up) }
