package gsm
import ("testing";"fmt")
func TestZC(t *testing.T){
 for _,f:=range []string{"/work/shared/conformance/problems_d2.jsonl","/work/shared/conformance/problems_d3.jsonl"}{
  p,n,d,err:=Conformance(f)
  fmt.Println(p,n,len(d),err)
  for i:=range min(len(d),5){fmt.Println(d[i])}
  rs,_:=ConformProblems(f); l:=0; for _,r:=range rs{ if len(r.Lost)>0{l++}}; fmt.Println("lost",l)
 }
}
