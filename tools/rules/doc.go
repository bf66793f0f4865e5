// Package rules holds, as tests, what must be true of the whole module: who imports
// whom, and that every reference of a comment or a document leads somewhere.
package rules
