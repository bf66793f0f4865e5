// Package random gives addressed randomness: a stream is a pure function of
// (seed, purpose, index), so that item i needs no item i−1 and any shard, worker
// or machine draws the same values.
//
// The generator is SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom
// number generators, OOPSLA 2014): a counter passed through a bijective mixer.
// Derived draws (integers, shuffles, normals) are defined here, not in the
// standard library, so that no Go release can change them.
package random

import (
	"math"
	"math/bits"
)

const golden = 0x9e3779b97f4a7c15

// Mix is SplitMix64's finaliser: a bijection of 64-bit words without visible structure.
func Mix(z uint64) uint64 {
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// Key addresses a stream: the seed of the experiment, what the draws are for, and
// the index of the item (several numbers where an item is addressed by several).
func Key(seed int64, purpose string, index ...uint64) uint64 {
	k := Mix(uint64(seed) + golden)
	h := uint64(14695981039346656037) // FNV-1a
	for i := 0; i < len(purpose); i++ {
		h = (h ^ uint64(purpose[i])) * 1099511628211
	}
	k = Mix(k ^ Mix(h+golden))
	for _, i := range index {
		k = Mix(k + golden + Mix(i+golden))
	}
	return k
}

// Stream is a sequence of draws. The zero value is the stream of key 0.
type Stream struct{ state uint64 }

// New returns the stream at (seed, purpose, index).
func New(seed int64, purpose string, index ...uint64) *Stream {
	return &Stream{state: Key(seed, purpose, index...)}
}

// From returns the stream of a key made by Key.
func From(key uint64) Stream { return Stream{state: key} }

// Uint64 returns 64 uniform bits.
func (s *Stream) Uint64() uint64 {
	s.state += golden
	return Mix(s.state)
}

// IntN returns a uniform integer in [0, n). It panics when n ≤ 0.
func (s *Stream) IntN(n int) int {
	if n <= 0 {
		panic("random: IntN of a bound that is not positive")
	}
	// Lemire's multiply-and-reject: exact, and nearly always one draw.
	hi, lo := bits.Mul64(s.Uint64(), uint64(n))
	if lo < uint64(n) {
		for threshold := -uint64(n) % uint64(n); lo < threshold; {
			hi, lo = bits.Mul64(s.Uint64(), uint64(n))
		}
	}
	return int(hi)
}

// Between returns a uniform integer in [lo, hi], both included.
func (s *Stream) Between(lo, hi int) int { return lo + s.IntN(hi-lo+1) }

// Bool returns true with probability 1/2.
func (s *Stream) Bool() bool { return s.Uint64()>>63 == 1 }

// Float64 returns a uniform number in [0, 1).
func (s *Stream) Float64() float64 { return float64(s.Uint64()>>11) / (1 << 53) }

// Norm returns a standard normal draw (Box and Muller).
func (s *Stream) Norm() float64 {
	u := 1 - s.Float64() // (0, 1]
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*s.Float64())
}

// Shuffle permutes n items uniformly (Fisher and Yates).
func (s *Stream) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, s.IntN(i+1))
	}
}

// Perm returns a uniform permutation of 0..n−1.
func (s *Stream) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	s.Shuffle(n, func(i, j int) { p[i], p[j] = p[j], p[i] })
	return p
}
