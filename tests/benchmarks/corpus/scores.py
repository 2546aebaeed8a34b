"""Losses and projections with few implementations elsewhere, as they are got wrong."""

from __future__ import annotations

from corpus.entry import CONVENTION, DOUBLE, NUMERIC, PLAIN, WIDE, backward, forward

QU = backward(
    "quantile",
    "where, second hand",
    """
def quantile_backward(pred, target, q=0.5):
    r=target-pred; n=max(r.size,1)
    dt=np.where(r>0,q,q-1)/n
    return (-dt).astype(pred.dtype), dt.astype(pred.dtype)
""",
    dtypes=WIDE,
)
PPO = forward(
    "ppo_clip",
    "minimum",
    """
def ppo_clip(logp, logp_old, advantage, eps=0.2):
    r=np.exp(logp-logp_old)
    return -np.mean(np.minimum(r*advantage, np.clip(r,1-eps,1+eps)*advantage))
""",
    dtypes=DOUBLE,
)
RQ = forward(
    "rational_quadratic",
    "pairs",
    """
def rational_quadratic(a, b, alpha=1, width=1):
    d=((a[:,None]-b[None])**2).sum(-1)
    return (1+d/(2*alpha*width**2))**-alpha
""",
    dtypes=DOUBLE,
)
MMH = forward(
    "multiclass_hinge",
    "loop",
    """
def multiclass_hinge(score, label):
    n=np.arange(len(label)); s=score+1; s[n,label]-=1
    s=score+1.0; s[n,label]=score[n,label]
    return np.mean(s.max(1)-score[n,label])
""",
    dtypes=DOUBLE,
)
FOC = forward(
    "focal",
    "stable",
    """
def focal(logits, target, alpha=0.25, gamma=2):
    a=np.logaddexp(0,-logits); b=np.logaddexp(0,logits)
    p=np.exp(-a); q=np.exp(-b)
    w=target*q+(1-target)*p
    return np.mean((alpha*target+(1-alpha)*(1-target))*w**gamma*(target*a+(1-target)*b))
""",
    dtypes=DOUBLE,
)
CEI = backward(
    "cross_entropy_ignore",
    "kept",
    """
def cross_entropy_ignore_backward(logits, label, ignore_index=-100):
    keep=label!=ignore_index
    s=logits-logits.max(1,keepdims=True); p=np.exp(s); p/=p.sum(1,keepdims=True)
    p[np.flatnonzero(keep),label[keep]]-=1
    p[~keep]=0
    with np.errstate(all='ignore'): return p/keep.sum()
""",
    dtypes=DOUBLE,
).lossy()
GIOU = forward(
    "giou",
    "corners",
    """
def giou(a, b):
    w=np.maximum(0,np.minimum(a[:,2],b[:,2])-np.maximum(a[:,0],b[:,0]))
    h=np.maximum(0,np.minimum(a[:,3],b[:,3])-np.maximum(a[:,1],b[:,1]))
    o=w*h
    u=(a[:,2]-a[:,0])*(a[:,3]-a[:,1])+(b[:,2]-b[:,0])*(b[:,3]-b[:,1])-o
    c=(np.maximum(a[:,2],b[:,2])-np.minimum(a[:,0],b[:,0]))*(np.maximum(a[:,3],b[:,3])-np.minimum(a[:,1],b[:,1]))
    return np.mean(1-o/u+(c-u)/c)
""",
    dtypes=DOUBLE,
).lossy()
NTX = forward(
    "nt_xent",
    "concatenated",
    """
def nt_xent(a, b, temperature=0.5):
    N=len(a); z=np.concatenate([a,b]); z=z/np.linalg.norm(z,axis=1,keepdims=True)
    s=z@z.T/temperature
    s[np.diag_indices(2*N)]=-np.inf
    m=s.max(1); lse=m+np.log(np.exp(s-m[:,None]).sum(1))
    pos=np.concatenate([np.arange(N,2*N),np.arange(N)])
    return np.mean(lse-s[np.arange(2*N),pos])
""",
    dtypes=DOUBLE,
).lossy()
COSF = backward(
    "cosface",
    "one-hot",
    """
def cosface_backward(cosine, label, scale=64, margin=0.35):
    n=np.arange(len(label)); s=scale*cosine; s[n,label]-=scale*margin
    e=np.exp(s-s.max(1,keepdims=True)); p=e/e.sum(1,keepdims=True); p[n,label]-=1
    return scale*p/len(label)
""",
    dtypes=DOUBLE,
).lossy()
SPM = forward(
    "sparsemax",
    "cumulated, second hand",
    """
def sparsemax(z):
    s=-np.sort(-z,axis=-1); k=np.arange(1,z.shape[-1]+1)
    c=np.cumsum(s,-1)
    n=(1+k*s>c).sum(-1,keepdims=True)
    tau=(np.take_along_axis(c,n-1,-1)-1)/n
    return np.maximum(z-tau,0)
""",
    dtypes=DOUBLE,
).lossy()
SPMB = backward(
    "sparsemax",
    "support",
    """
def sparsemax_backward(g, z):
    s=-np.sort(-z,axis=-1); k=np.arange(1,z.shape[-1]+1); c=np.cumsum(s,-1)
    n=(1+k*s>c).sum(-1,keepdims=True); tau=(np.take_along_axis(c,n-1,-1)-1)/n
    m=z>tau
    return np.where(m,g-(g*m).sum(-1,keepdims=True)/n,0)
""",
    dtypes=DOUBLE,
).lossy()
MAXN = backward(
    "max_norm",
    "rows",
    """
def max_norm_backward(g, w, limit=3):
    n=np.sqrt((w*w).sum(1,keepdims=True)); u=w/np.where(n>0,n,1)
    return np.where(n>limit, limit/np.where(n>0,n,1)*(g-u*(g*u).sum(1,keepdims=True)), g)
""",
    dtypes=DOUBLE,
).lossy()
AMAX = backward(
    "amax",
    "shared",
    """
def amax_backward(g, x):
    m=x==x.max(-1,keepdims=True)
    return g[...,None]*m/m.sum(-1,keepdims=True)
""",
    dtypes=DOUBLE,
)

ENTRIES = (
    QU,
    QU.wrong("q turned", PLAIN, "other", ("r>0,q,q-1", "r>0,1-q,-q")),
    QU.wrong("target's sign", PLAIN, "sign", (", dt.astype", ", -dt.astype")),
    QU.wrong("divided by the first axis", PLAIN, "factor", ("max(r.size,1)", "(len(r) if r.ndim and len(r) else 1)")),
    PPO,
    PPO.wrong("maximum", PLAIN, "other", ("np.minimum", "np.maximum")),
    RQ,
    RQ.wrong("2 missing", PLAIN, "factor", ("(2*alpha*width**2)", "(alpha*width**2)")),
    RQ.wrong("exponent", PLAIN, "parameter", ("**-alpha", "**-1")),
    RQ.inaccurate(
        "expanded squares",
        "cancellation",
        ("d=((a[:,None]-b[None])**2).sum(-1)", "d=np.maximum((a*a).sum(1)[:,None]+(b*b).sum(1)[None]-2*a@b.T,0)"),
        dtypes=DOUBLE,
    ),
    MMH,
    MMH.wrong("margin also on the right one", PLAIN, "other", ("s[n,label]=score[n,label]", "pass")),
    MMH.wrong("positive part of the right one", PLAIN, "other", ("s.max(1)-score[n,label]", "np.maximum(s.max(1)-score[n,label],0.1)")),
    FOC,
    FOC.wrong("alpha the other way", PLAIN, "other", ("(alpha*target+(1-alpha)*(1-target))", "((1-alpha)*target+alpha*(1-target))")),
    FOC.wrong("gamma on p", PLAIN, "sign", ("w=target*q+(1-target)*p", "w=target*p+(1-target)*q")),
    FOC.wrong("alpha only for yes", PLAIN, "other", ("(alpha*target+(1-alpha)*(1-target))", "(alpha*target+(1-target))")),
    CEI,
    CEI.wrong("divided by all", PLAIN, "factor", ("p/keep.sum()", "p/len(label)")),
    GIOU,
    GIOU.wrong("(c-u)/u", PLAIN, "other", ("(c-u)/c", "(c-u)/u")),
    GIOU.wrong(
        "no clamp",
        PLAIN,
        "other",
        ("w=np.maximum(0,np.minimum(a[:,2],b[:,2])-np.maximum(a[:,0],b[:,0]))", "w=np.minimum(a[:,2],b[:,2])-np.maximum(a[:,0],b[:,0])"),
    ),
    GIOU.wrong("pixel widths", CONVENTION, "off by one", ("(a[:,2]-a[:,0])*(a[:,3]-a[:,1])", "(a[:,2]-a[:,0]+1)*(a[:,3]-a[:,1]+1)")),
    GIOU.wrong(
        "clamp of the area only",
        PLAIN,
        "other",
        ("w=np.maximum(0,np.minimum(a[:,2],b[:,2])-np.maximum(a[:,0],b[:,0]))", "w=np.minimum(a[:,2],b[:,2])-np.maximum(a[:,0],b[:,0])"),
        ("h=np.maximum(0,np.minimum(a[:,3],b[:,3])-np.maximum(a[:,1],b[:,1]))", "h=np.minimum(a[:,3],b[:,3])-np.maximum(a[:,1],b[:,1])"),
        ("o=w*h", "o=np.maximum(w*h,0)"),
    ),
    NTX,
    NTX.wrong("self not masked", PLAIN, "other", ("    s[np.diag_indices(2*N)]=-np.inf\n", "")),
    NTX.wrong("self masked by 0", NUMERIC, "other", ("=-np.inf", "=0")),
    NTX.wrong("self masked by -1e1", NUMERIC, "other", ("=-np.inf", "=-10.")),
    COSF,
    COSF.wrong("scale missing", PLAIN, "parameter", ("return scale*p", "return p")),
    COSF.wrong("margin not scaled", PLAIN, "factor", ("-=scale*margin", "-=margin")),
    SPM,
    SPM.wrong(
        "support one too large",
        PLAIN,
        "off by one",
        (".sum(-1,keepdims=True)\n", ".sum(-1,keepdims=True); n=np.minimum(n+1,z.shape[-1])\n"),
    ),
    SPM.wrong("support one too small", PLAIN, "off by one", (".sum(-1,keepdims=True)\n", ".sum(-1,keepdims=True); n=np.maximum(n-1,1)\n")),
    SPM.wrong("sorted upwards, second hand", PLAIN, "other", ("-np.sort(-z,axis=-1)", "np.sort(z,axis=-1)")),
    SPMB,
    SPMB.wrong("mean over all", PLAIN, "other", ("/n,0)", "/z.shape[-1],0)")),
    SPMB.wrong("support not masked", PLAIN, "other", ("(g*m).sum", "g.sum")),
    SPMB.wrong(
        "softmax's",
        PLAIN,
        "other",
        ("np.where(m,g-(g*m).sum(-1,keepdims=True)/n,0)", "np.maximum(z-tau,0)*(g-(g*np.maximum(z-tau,0)).sum(-1,keepdims=True))"),
    ),
    MAXN,
    MAXN.wrong("norm held", PLAIN, "dropped term", ("(g-u*(g*u).sum(1,keepdims=True))", "g")),
    MAXN.wrong("zero beyond", PLAIN, "other", ("limit/np.where(n>0,n,1)*(g-u*(g*u).sum(1,keepdims=True))", "0")),
    AMAX,
    AMAX.wrong("last axis of a flattened", PLAIN, "axis", ("x.max(-1,keepdims=True)", "x.max()")),
)
