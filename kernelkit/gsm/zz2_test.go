package gsm
import ("testing";"fmt";"interplay/kernelkit/random")
func TestZR(t *testing.T){
 for op:=2;op<=20;op++{ for layers:=2;layers<=3;layers++{ for m:=Forward;m<=Reverse;m++{
  var N,D,T float64; n:=0; att:=0
  s:=random.New(1,"y",uint64(op))
  for att<60000 && n<1000 {
   att++
   g,ok:=sampleReference(s,op,layers,m)
   if !ok {continue}
   n++
   if g.Op()!=op {t.Fatal(op,g.Op())}
   _,err:=Render(g,"zoo",s)
   if err!=nil {t.Fatal(err)}
   N+=float64(g.Path); for k,nd:=range g.Nodes { if nd.Kind<Total {if k>=g.Path {D++}} else if k<g.Path {T++}}
  }
  f:=float64(n)
  fmt.Printf("%d %d %s acc %.3f N %.2f T %.2f D %.2f\n",op,layers,m,f/float64(att),N/f,T/f,D/f)
 }}}
}
func BenchmarkRef(b *testing.B){
 for _,op:=range []int{2,3,10,20}{ for m:=Forward;m<=Reverse;m++{ b.Run(fmt.Sprint(op,m),func(b *testing.B){ b.ReportAllocs(); 
   s:=random.New(1,"x",uint64(op))
   for b.Loop(){
   for { g,ok:=sampleReference(s,op,2,m); if !ok {continue}
   Render(g,"zoo",s); break}
 }})}}
}
