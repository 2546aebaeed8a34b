"""Attention, recurrences and running statistics, as they are got wrong."""

from __future__ import annotations

from corpus.entry import CONVENTION, DOUBLE, EFFECT, LAYOUT, NUMERIC, PLAIN, WIDE, backward, forward

ATT = forward(
    "attention",
    "flash tiles",
    """
def attention(q, k, v):
    D=q.shape[-1]; M=k.shape[-2]; B=4
    q=q.astype(np.float64); k=k.astype(np.float64); vv=v.astype(np.float64)
    m=np.full(q.shape[:-1]+(1,),-np.inf); l=np.zeros_like(m); acc=np.zeros(q.shape[:-1]+(v.shape[-1],))
    for j in range(0,M,B):
        s=q@np.swapaxes(k[...,j:j+B,:],-1,-2)/np.sqrt(D)
        mn=np.maximum(m,s.max(-1,keepdims=True))
        p=np.exp(s-mn); c=np.exp(m-mn)
        l=c*l+p.sum(-1,keepdims=True)
        acc=c*acc+p@vv[...,j:j+B,:]
        m=mn
    return (acc/l).astype(v.dtype)
""",
    dtypes=WIDE,
)
AB = forward(
    "attention_bias",
    "einsum",
    """
def attention_bias(q, k, v, bias):
    s=np.einsum('...ld,...md->...lm',q,k)/np.sqrt(q.shape[-1]).astype(q.dtype)+bias
    s=s-s.max(-1,keepdims=True)
    p=np.exp(s); p/=p.sum(-1,keepdims=True)
    return np.einsum('...lm,...me->...le',p,v)
""",
    dtypes=DOUBLE,
)
ABB = backward(
    "attention_bias",
    "matmuls",
    """
def attention_bias_backward(g, q, k, v, bias):
    r=1/np.sqrt(q.shape[-1])
    s=q@np.swapaxes(k,-1,-2)*r+bias
    p=np.exp(s-s.max(-1,keepdims=True)); p/=p.sum(-1,keepdims=True)
    dv=np.swapaxes(p,-1,-2)@g
    dp=g@np.swapaxes(v,-1,-2)
    ds=p*(dp-(dp*p).sum(-1,keepdims=True))
    return ds@k*r, np.swapaxes(ds,-1,-2)@q*r, dv, ds.reshape(-1,*bias.shape).sum(0)
""",
    dtypes=DOUBLE,
)
AM = forward(
    "attention_masked",
    "where",
    """
def attention_masked(q, k, v, mask):
    s=q@np.swapaxes(k,-1,-2)/np.sqrt(q.shape[-1])
    s=np.where(mask>0,s,-np.inf)
    m=s.max(-1,keepdims=True); m=np.where(np.isfinite(m),m,0)
    e=np.exp(s-m); t=e.sum(-1,keepdims=True)
    return np.where(t>0,e/np.where(t>0,t,1),0)@v
""",
    dtypes=DOUBLE,
)
EAB = backward(
    "exponential_average",
    "reverse loop",
    """
def exponential_average_backward(g, x, decay=0.9):
    d=np.empty_like(x); a=np.zeros(x.shape[:-1])
    for t in range(x.shape[-1]-1,-1,-1):
        a=decay*a+g[...,t]; d[...,t]=(1-decay)*a
    return d
""",
    dtypes=DOUBLE,
)
LSTM = forward(
    "lstm",
    "loop",
    """
def lstm(x, h0, c0, w, u, b):
    N,T,I=x.shape; H=h0.shape[1]
    def s(a): return 0.5*(1+np.tanh(a/2))
    h,c=h0,c0; hs=np.empty((N,T,H)); cs=np.empty((N,T,H))
    for t in range(T):
        z=x[:,t]@w.reshape(-1,I).T+h@u.reshape(-1,H).T+b.reshape(-1)
        i,f,g,o=np.split(z,4,1)
        c=s(f)*c+s(i)*np.tanh(g); h=s(o)*np.tanh(c)
        hs[:,t]=h; cs[:,t]=c
    return hs,cs
""",
    dtypes=DOUBLE,
).lossy()
ADV = forward(
    "advantage",
    "reverse loop",
    """
def advantage(reward, value, discount=0.99, trace=0.95):
    T=reward.shape[-1]; a=0.0; out=np.empty_like(reward)
    for t in range(T-1,-1,-1):
        nxt=value[...,t+1] if t+1<T else 0.0
        a=reward[...,t]+discount*nxt-value[...,t]+discount*trace*a
        out[...,t]=a
    return out
""",
    dtypes=DOUBLE,
)
LCSE = forward(
    "logcumsumexp",
    "running",
    """
def logcumsumexp(x):
    return np.logaddexp.accumulate(x,axis=-1)
""",
    dtypes=WIDE,
).lossy()
BNS = forward(
    "batch_norm_statistics",
    "arrays",
    """
def batch_norm_statistics(x, running_mean, running_var, momentum=0.1):
    mu=x.mean(0); v=((x-mu)**2).sum(0)/(len(x)-1)
    return mu, v, (1-momentum)*running_mean+momentum*mu, (1-momentum)*running_var+momentum*v
""",
    dtypes=DOUBLE,
)
SE = backward(
    "squeeze_excite",
    "chain",
    """
def squeeze_excite_backward(g, x, w1, w2):
    N,C,H,W=x.shape
    z=x.mean((2,3)); a=z@w1.T; h=np.maximum(a,0); b=h@w2.T
    s=1/(1+np.exp(-np.abs(b))); s=np.where(b>=0,s,1-s); q=np.exp(-np.abs(b)); ds=q/(1+q)**2
    db=(g*x).sum((2,3))*ds
    dh=db@w2; da=dh*(a>0)
    dx=g*np.where(b>=0,1/(1+q),q/(1+q))[:,:,None,None]+((da@w1)/(H*W))[:,:,None,None]
    return dx, da.T@z, db.T@h
""",
    dtypes=DOUBLE,
)
EB = backward(
    "embedding_bag",
    "add at",
    """
def embedding_bag_backward(g, w, ids):
    d=np.zeros_like(w)
    np.add.at(d,ids,np.broadcast_to(g[:,None]/ids.shape[1],ids.shape+g.shape[-1:]))
    return d
""",
    dtypes=DOUBLE,
)
SA = forward(
    "scatter_add",
    "add at",
    """
def scatter_add(x, index, update):
    y=x.copy(); np.add.at(y,index,update); return y
""",
    dtypes=DOUBLE,
)
A = forward(
    "standardize",
    "rows",
    """
def standardize(x, eps=1e-5):
    mu=x.mean(-1,keepdims=True)
    return (x-mu)/np.sqrt(x.var(-1,keepdims=True)+eps)
""",
    dtypes=DOUBLE,
)
U = forward(
    "upsample_nearest",
    "repeat",
    """
def upsample_nearest(x, scale=2):
    s=int(scale)
    return x.repeat(s,2).repeat(s,3)
""",
    dtypes=DOUBLE,
)

ENTRIES = (
    ATT,
    ATT.wrong("last partial tile dropped", PLAIN, "size", ("range(0,M,B)", "range(0,M-M%B if M>B else M,B)")),
    ATT.wrong("accumulator not rescaled", PLAIN, "other", ("acc=c*acc+", "acc=acc+")),
    ATT.wrong("sum not rescaled", PLAIN, "other", ("l=c*l+", "l=l+")),
    ATT.wrong("scaled by sqrt of E", PLAIN, "factor", ("D=q.shape[-1]", "D=v.shape[-1]")),
    ATT.wrong("scaled twice", PLAIN, "factor", ("/np.sqrt(D)", "/D")),
    AB,
    AB.wrong(
        "bias before the scale",
        PLAIN,
        "other",
        (
            "np.einsum('...ld,...md->...lm',q,k)/np.sqrt(q.shape[-1]).astype(q.dtype)+bias",
            "(np.einsum('...ld,...md->...lm',q,k)+bias)/np.sqrt(q.shape[-1])",
        ),
    ),
    AB.wrong("bias transposed if square", LAYOUT, "transposed", ("+bias", "+(bias.T if bias.shape[0]==bias.shape[1] else bias)")),
    AB.wrong("max over all", NUMERIC, "other", ("s.max(-1,keepdims=True)", "s.max()")),
    AB.wrong("normalised over queries", PLAIN, "axis", ("p.sum(-1,", "p.sum(-2,")),
    ABB,
    ABB.wrong("scale missing in dk", PLAIN, "factor", ("@q*r", "@q")),
    ABB.wrong("p not subtracted right", PLAIN, "other", ("(dp*p).sum(-1,keepdims=True)", "dp.mean(-1,keepdims=True)")),
    AM,
    AM.wrong(
        "-10 for masked",
        NUMERIC,
        "mask",
        ("np.where(mask>0,s,-np.inf)", "np.where(mask>0,s,-10.0)"),
        ("np.where(t>0,e/np.where(t>0,t,1),0)", "np.where(mask.sum(-1,keepdims=True)>0,e/np.where(t>0,t,1),0)"),
    ),
    AM.wrong("uniform where none is seen", CONVENTION, "other", ("s=np.where(mask>0,s,-np.inf)", "s=np.where(mask>0,s,-1e30)")),
    AM.wrong("additive 0/1 mask", PLAIN, "other", ("s=np.where(mask>0,s,-np.inf)", "s=s+mask")),
    AM.wrong("mask transposed if square", LAYOUT, "transposed", ("mask>0", "(mask.T if mask.shape[0]==mask.shape[1] else mask)>0")),
    AM.wrong("multiplied scores", PLAIN, "other", ("s=np.where(mask>0,s,-np.inf)", "s=s*mask")),
    EAB,
    EAB.wrong("1-decay twice", PLAIN, "factor", ("a=decay*a+g[...,t]", "a=decay*a+(1-decay)*g[...,t]")),
    EAB.wrong("truncated after 8 steps", PLAIN, "size", ("a=decay*a+g[...,t]", "a=(decay*a if (t+1)%8 else 0)+g[...,t]")),
    LSTM,
    LSTM.wrong("gates i f o g", LAYOUT, "transposed", ("i,f,g,o=np", "i,f,o,g=np")),
    ADV,
    ADV.wrong("no discount on the trace", PLAIN, "factor", ("discount*trace*a", "trace*a")),
    ADV.wrong("last value bootstraps itself", PLAIN, "other", ("else 0.0", "else value[...,t]")),
    LCSE,
    LCSE.inaccurate("log cumsum exp", "overflow", ("np.logaddexp.accumulate(x,axis=-1)", "np.log(np.cumsum(np.exp(x),-1))")),
    LCSE.inaccurate(
        "shift by the max of all",
        "overflow",
        (
            "return np.logaddexp.accumulate(x,axis=-1)",
            "m=x.max(-1,keepdims=True) if x.shape[-1] else 0\n    return m+np.log(np.cumsum(np.exp(x-m),-1))",
        ),
    ),
    BNS,
    BNS.wrong("running var biased", PLAIN, "ddof", ("+momentum*v", "+momentum*v*(len(x)-1)/len(x)")),
    BNS.wrong(
        "in place",
        EFFECT,
        "mutates",
        ("(1-momentum)*running_mean+momentum*mu,", "_u(running_mean,momentum,mu),"),
        ("def batch", "def _u(r,m,v):\n    r*=1-m; r+=m*v\n    return r.copy()\ndef batch"),
    ),
    BNS.wrong("variance about the running mean", PLAIN, "other", ("((x-mu)**2)", "((x-running_mean)**2)")),
    BNS.inaccurate(
        "E[x2]-E[x]2", "cancellation", ("v=((x-mu)**2).sum(0)/(len(x)-1)", "v=((x*x).mean(0)-mu*mu)*(len(x)/(len(x)-1))"), dtypes=DOUBLE
    ),
    SE,
    SE.wrong("1/HW missing", PLAIN, "factor", ("/(H*W)", "")),
    SE.wrong("direct path only", PLAIN, "dropped term", ("+((da@w1)/(H*W))[:,:,None,None]", "")),
    EB,
    EB.wrong(
        "repeats lost",
        PLAIN,
        "scatter",
        (
            "np.add.at(d,ids,np.broadcast_to(g[:,None]/ids.shape[1],ids.shape+g.shape[-1:]))",
            "d[ids]+=np.broadcast_to(g[:,None]/ids.shape[1],ids.shape+g.shape[-1:])",
        ),
    ),
    EB.wrong("divided by N", PLAIN, "factor", ("/ids.shape[1]", "/ids.shape[0]")),
    EB.wrong("row 0 is padding", CONVENTION, "labels", ("    return d", "    d[0]=0\n    return d")),
    SA,
    SA.wrong("repeats lost", PLAIN, "scatter", ("np.add.at(y,index,update)", "y[index]+=update")),
    SA.wrong("in place", EFFECT, "mutates", ("x.copy()", "x")),
    SA.wrong("overwrites", PLAIN, "other", ("np.add.at(y,index,update)", "y[index]=update")),
    A,
    A.wrong(
        "scale of the first call",
        EFFECT,
        "state",
        ("def standardize", "_S={}\ndef standardize"),
        ("np.sqrt(x.var(-1,keepdims=True)+eps)", "_S.setdefault('s', float(np.sqrt(x.var()+eps)) if x.size else 1.0)"),
    ),
    A.wrong(
        "global eps of the first call",
        EFFECT,
        "state",
        ("def standardize", "E=None\ndef standardize"),
        ("    mu=", "    global E\n    E=eps if E is None else E\n    mu="),
        ("+eps)", "+E)"),
    ),
    A.wrong(
        "default list keeps the mean",
        EFFECT,
        "state",
        ("eps=1e-5)", "eps=1e-5, m=[])"),
        ("    mu=x.mean(-1,keepdims=True)", "    if not m: m.append(float(x.mean()) if x.size else 0.)\n    mu=m[0]"),
    ),
    U,
    U.wrong("tile", PLAIN, "transposed", ("x.repeat(s,2).repeat(s,3)", "np.tile(x,(1,1,s,s))")),
)
