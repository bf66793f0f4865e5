package gsm
import ("testing";"fmt";"interplay/kernelkit/random")
func TestZZ(t *testing.T){
 for op:=2;op<=30;op++{ for layers:=2;layers<=3;layers++{ for m:=Forward;m<=Reverse;m++{
  rej:=0; var N,D,T,L,ch,pl,W float64; mx:=0; n:=2000
  seen:=map[[16]byte]int{}
  for i:=range n {
   s:=random.New(1,"x",uint64(op),uint64(i))
   if op<4&&layers==3 {continue}
   g,ok:=sampleSteered(s,op,layers,m)
   if !ok {rej++;continue}
   if g.Op()!=op {t.Fatal(op,g.Op())}
   p,err:=Render(g,"zoo",s)
   if err!=nil {t.Fatal(err)}
   N+=float64(g.Path); for k,nd:=range g.Nodes { if nd.Kind<Total {if k>=g.Path {D++}} else if k<g.Path {T++}}
   L+=float64(len(p.Problem)+len(p.Solution)); mx=max(mx,len(p.Problem)+len(p.Solution))
   _=ch;_=pl;_=W
   seen[g.Canonical()]++
  }
  f:=float64(n-rej)
  fmt.Printf("%d %d %s rej %d N %.2f T %.2f D %.2f chars %.0f max %d distinct %d\n",op,layers,m,rej,N/f,T/f,D/f,L/f,mx,len(seen))
 }}}
}
func BenchmarkSteered(b *testing.B){
 for _,op:=range []int{2,10,20}{ for m:=Forward;m<=Reverse;m++{ b.Run(fmt.Sprint(op,m),func(b *testing.B){ b.ReportAllocs(); for i:=0;b.Loop();i++{
   s:=random.From(random.Key(1,"x",uint64(op),uint64(i)))
   g,ok:=sampleSteered(&s,op,2,m); if !ok {continue}
   Render(g,"zoo",&s); g.Canonical()
 }})}}
}
