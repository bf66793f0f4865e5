package rollout

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// mix32 is a bijection of 32-bit words without visible structure: two rounds of
// xor-shift and multiply with constants found by search (C. Wellons, Prospecting for
// hash functions, 2018).
func mix32(h *Node) *Node {
	g := h.Graph()
	h = BitwiseXor(h, BitwiseShiftRightLogicalScalar(h, uint32(16)))
	h = Mul(h, Const(g, uint32(0x7feb352d)))
	h = BitwiseXor(h, BitwiseShiftRightLogicalScalar(h, uint32(15)))
	h = Mul(h, Const(g, uint32(0x846ca68b)))
	return BitwiseXor(h, BitwiseShiftRightLogicalScalar(h, uint32(16)))
}

// gumbel draws standard Gumbel noise [vocab, rows] from the hash of a row's key (two
// words [rows]: the key of seed, prompt and sample), its position [rows] and the token.
// Noise is integer arithmetic up to the logarithm, so it is the same on every backend
// to the last digits, where the backends' own generators differ.
func gumbel(low, high, position *Node, vocab int) *Node {
	g := low.Graph()
	at := ConvertDType(position, dtypes.Uint32)
	a := mix32(Add(low, Mul(at, Const(g, uint32(0x9e3779b9)))))
	b := mix32(BitwiseXor(high, Mul(at, Const(g, uint32(0x85ebca6b)))))
	token := Mul(Iota(g, shapes.Make(dtypes.Uint32, vocab, 1), 0), Const(g, uint32(0xc2b2ae35)))
	h := mix32(Add(InsertAxes(a, 0), token))
	h = mix32(BitwiseXor(h, InsertAxes(b, 0))) // [vocab, rows]

	// u is uniform in (0, 1), computed so that small values keep their precision: the
	// largest draws, −log(−log(1−u)) ≈ −log u, are those that decide.
	u := MulScalar(AddScalar(ConvertDType(h, dtypes.Float32), 0.5), 1.0/(1<<32))
	u = MinScalar(u, 1-1.0/(1<<24))
	// −log(1−u), corrected for the rounding of 1−u (Kahan). XLA calls the C library for Log1p,
	// number by number, and has a vectorised Log.
	rest := OneMinus(u)
	rounded := OneMinus(rest)
	exponential := Where(Equal(rounded, ZerosLike(rounded)), u, Mul(Neg(Log(rest)), Div(u, rounded)))
	return Neg(Log(exponential))
}

// logSoftmax is over the last axis.
func logSoftmax(x *Node) *Node {
	x = Sub(x, ReduceAndKeep(x, ReduceMax, -1))
	return Sub(x, Log(ReduceAndKeep(Exp(x), ReduceSum, -1)))
}

// forbidden stands for −∞: finite, so that 0 × it is no NaN.
const forbidden = -1e30

// truncate keeps the top-k and then the top-p tokens of logits [rows, vocab] and
// forbids the rest. topP is a scalar f32, topK a scalar int32 (0: off).
//
// Top-k keeps every token at least as likely as the k-th; top-p keeps the smallest
// set of most likely tokens whose share of what top-k left reaches topP. Ties at the
// border are all kept, so the result does not depend on the order of tokens.
//
// No sort: the threshold is found digit by digit in the bit patterns of the
// probabilities, which order as the probabilities do (they are not negative). It is exact.
func truncate(logits, topP, topK *Node) *Node {
	g := logits.Graph()
	dims := logits.Shape().Dimensions
	p := Exp(logSoftmax(logits))
	bits := Bitcast(p, dtypes.Int32)
	zero := ZerosLike(p)
	vocab := Const(g, int32(dims[1]))
	wanted := ConvertDType(Where(Equal(topK, ScalarZero(g, dtypes.Int32)), vocab, Min(topK, vocab)), dtypes.Float32)

	byCount := threshold(bits, func(kept *Node) *Node {
		one := OnesLike(ConvertDType(kept, dtypes.Float32))
		count := ReduceSum(Where(kept, one, ZerosLike(one)), -1)
		return GreaterOrEqual(count, BroadcastToDims(wanted, count.Shape().Dimensions...))
	})
	kept := GreaterOrEqual(bits, BroadcastToDims(byCount, dims...))
	p = Where(kept, p, zero)
	mass := Mul(topP, ReduceAndKeep(p, ReduceSum, -1)) // [rows, 1]
	byMass := threshold(bits, func(kept *Node) *Node {
		share := BroadcastToDims(InsertAxes(p, 1), kept.Shape().Dimensions...)
		sum := ReduceSum(Where(kept, share, ZerosLike(share)), -1)
		return GreaterOrEqual(sum, BroadcastToDims(mass, sum.Shape().Dimensions...))
	})
	off := GreaterOrEqual(topP, Const(g, float32(1)))
	byMass = Where(BroadcastToDims(off, dims[0], 1), ZerosLike(byMass), byMass)
	kept = LogicalAnd(kept, GreaterOrEqual(bits, BroadcastToDims(byMass, dims...)))
	return Where(kept, logits, AddScalar(zero, forbidden))
}

// threshold is the largest t [rows, 1] for which enough(bits ≥ t) holds, where enough
// is monotone and holds for t = 0. bits [rows, vocab] are of numbers in [0, 1], so below
// 2³⁰: ten octal digits, the highest first, each with its seven candidates at once.
// enough gets [rows, candidates, vocab] and returns [rows, candidates].
func threshold(bits *Node, enough func(kept *Node) *Node) *Node {
	g := bits.Graph()
	rows, vocab := bits.Shape().Dim(0), bits.Shape().Dim(1)
	const candidates = 7
	spread := BroadcastToDims(InsertAxes(bits, 1), rows, candidates, vocab)
	t := Zeros(g, shapes.Make(dtypes.Int32, rows, 1))
	for shift := 27; shift >= 0; shift -= 3 {
		unit := Const(g, int32(1)<<shift)
		digit := Mul(AddScalar(Iota(g, shapes.Make(dtypes.Int32, 1, candidates), 1), 1), unit)
		tried := Add(t, digit) // [rows, candidates]
		kept := GreaterOrEqual(spread, BroadcastToDims(InsertAxes(tried, -1), rows, candidates, vocab))
		passed := ReduceSum(ConvertDType(enough(kept), dtypes.Int32), -1)
		t = Add(t, Mul(InsertAxes(passed, -1), unit))
	}
	return t
}
