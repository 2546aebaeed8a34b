"""Windows, paddings and rearranged positions, as they are got wrong."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import CONVENTION, LAYOUT, NUMERIC, PLAIN, WIDE, backward, forward

FOLD = forward(
    "fold",
    "slices added",
    """
def fold(x, high=4, wide=4, stride=1, padding=0, dilation=1):
    N,C,I,J,P,Q = x.shape
    s,p,d,H,W = int(stride),int(padding),int(dilation),int(high),int(wide)
    big = np.zeros((N,C,max(H+2*p,s*(P-1)+d*(I-1)+1),max(W+2*p,s*(Q-1)+d*(J-1)+1)), np.float64)
    for i in range(I):
        for j in range(J):
            big[:,:,i*d:i*d+s*(P-1)+1:s, j*d:j*d+s*(Q-1)+1:s] += x[:,:,i,j]
    return big[:,:,p:p+H,p:p+W].astype(x.dtype)
""",
    dtypes=WIDE,
)
UNFOLD = forward(
    "unfold",
    "as_strided",
    """
def unfold(x, kernel=2, stride=1, padding=0, dilation=1):
    k,s,p,d = int(kernel),int(stride),int(padding),int(dilation)
    x = np.pad(x,((0,0),(0,0),(p,p),(p,p)))
    N,C,H,W = x.shape
    P=(H-d*(k-1)-1)//s+1; Q=(W-d*(k-1)-1)//s+1
    a,b,c,e = x.strides
    return np.lib.stride_tricks.as_strided(x,(N,C,k,k,P,Q),(a,b,c*d,e*d,c*s,e*s)).copy()
""",
    dtypes=WIDE,
)
REFL = forward(
    "pad_reflect",
    "indices",
    """
def pad_reflect(x, before=1, after=1):
    return np.pad(x, [(0,0)]*(x.ndim-1)+[(int(before),int(after))], mode="reflect")
""",
)
REFLB = backward(
    "pad_reflect",
    "add at",
    """
def pad_reflect_backward(g, x, before=1, after=1):
    L=x.shape[-1]; b=int(before)
    i=np.abs(np.arange(g.shape[-1])-b); i=L-1-np.abs(L-1-i)
    dx=np.zeros(x.shape, np.float64)
    for p in range(g.shape[-1]): dx[..., i[p]] += g[..., p]
    return dx.astype(x.dtype)
""",
)
REPLB = backward(
    "pad_replicate",
    "ends summed",
    """
def pad_replicate_backward(g, x, before=1, after=1):
    L=x.shape[-1]; b,a=int(before),int(after)
    d=g[...,b:b+L].astype(np.float64)
    d[...,0]+=g[...,:b].sum(-1)
    d[...,-1]+=g[...,b+L:].sum(-1)
    return d.astype(x.dtype)
""",
)
UPS = forward(
    "upsample_nearest1d",
    "repeat",
    """
def upsample_nearest1d(x, scale=2):
    return np.repeat(x, int(scale), axis=-1)
""",
)
UPSB = backward(
    "upsample_nearest1d",
    "sum of blocks",
    """
def upsample_nearest1d_backward(g, x, scale=2):
    return g.reshape(*x.shape, int(scale)).sum(-1).astype(x.dtype)
""",
)
CT1 = forward(
    "conv_transpose1d",
    "scatter",
    """
def conv_transpose1d(x, w, stride=1, padding=0, output_padding=0, dilation=1):
    s,p,o,d=int(stride),int(padding),int(output_padding),int(dilation)
    N,C,L=x.shape; _,O,K=w.shape
    full=np.zeros((N,O,s*(L-1)+d*(K-1)+1+o+p),np.float64)
    for k in range(K):
        full[:,:,k*d:k*d+s*(L-1)+1:s]+=np.einsum('ncl,co->nol',x,w[:,:,k])
    return full[:,:,p:p+s*(L-1)+d*(K-1)+1+o-2*p].astype(x.dtype)
""",
    dtypes=WIDE,
)
MP1 = forward(
    "max_pool1d",
    "windows",
    """
def max_pool1d(x, kernel=2, stride=2, padding=0, dilation=1):
    k,s,p,d=int(kernel),int(stride),int(padding),int(dilation)
    x=np.pad(x,((0,0),(0,0),(p,p)),constant_values=-np.inf)
    P=(x.shape[-1]-d*(k-1)-1)//s+1
    y=x[...,:s*(P-1)+1:s].copy()
    for i in range(1,k): np.maximum(y,x[...,i*d:i*d+s*(P-1)+1:s],out=y)
    return y
""",
)
MP1B = backward(
    "max_pool1d",
    "argmax",
    """
def max_pool1d_backward(g, x, kernel=2, stride=2, padding=0, dilation=1):
    k,s,p,d=int(kernel),int(stride),int(padding),int(dilation)
    N,C,L=x.shape
    xp=np.pad(x,((0,0),(0,0),(p,p)),constant_values=-np.inf)
    dx=np.zeros(xp.shape,np.float64)
    n,c=np.indices((N,C))
    for q in range(g.shape[-1]):
        a=xp[...,q*s:q*s+d*(k-1)+1:d].argmax(-1)*d+q*s
        dx[n,c,a]+=g[...,q]
    return dx[...,p:p+L].astype(x.dtype)
""",
)
AP1 = forward(
    "avg_pool1d",
    "cumulative sums free",
    """
def avg_pool1d(x, kernel=2, stride=2, padding=0):
    k,s,p=int(kernel),int(stride),int(padding)
    x=np.pad(x,((0,0),(0,0),(p,p)))
    P=(x.shape[-1]-k)//s+1
    w=np.lib.stride_tricks.sliding_window_view(x,k,axis=-1)[...,::s,:]
    return w.mean(-1)[..., :P]
""",
    dtypes=("float64",),
)
GMP = backward(
    "global_max_pool",
    "argmax",
    """
def global_max_pool_backward(g, x):
    N,C,H,W=x.shape
    d=np.zeros((N,C,H*W),x.dtype)
    a=x.reshape(N,C,-1).argmax(-1)
    np.put_along_axis(d,a[...,None],g[...,None],-1)
    return d.reshape(x.shape)
""",
)
C3 = forward(
    "conv2d_groups",
    "groups",
    """
def conv2d_groups(x, w, stride=1, padding=0, dilation=1, groups=1):
    s,p,d,G=int(stride),int(padding),int(dilation),int(groups)
    x=np.pad(x,((0,0),(0,0),(p,p),(p,p)))
    N,C,H,W=x.shape; O,D,I,J=w.shape
    P=(H-d*(I-1)-1)//s+1; Q=(W-d*(J-1)-1)//s+1
    y=np.zeros((N,O,P,Q),np.float64)
    for g in range(G):
        xs=x[:,g*D:(g+1)*D]; ws=w[g*(O//G):(g+1)*(O//G)]
        for i in range(I):
            for j in range(J):
                y[:,g*(O//G):(g+1)*(O//G)]+=np.einsum('nchw,oc->nohw',xs[:,:,i*d:i*d+s*(P-1)+1:s,j*d:j*d+s*(Q-1)+1:s],ws[:,:,i,j])
    return y.astype(x.dtype)
""",
    dtypes=WIDE,
)
FFTC = forward(
    "conv1d",
    "fft",
    """
def conv1d(x, w, stride=1, padding=0, dilation=1):
    s,p,d=int(stride),int(padding),int(dilation)
    x=np.pad(x,((0,0),(0,0),(p,p))); L=x.shape[-1]; K=w.shape[-1]
    wd=np.zeros((*w.shape[:2],d*(K-1)+1),w.dtype); wd[...,::d]=w
    n=L+wd.shape[-1]
    y=np.fft.irfft(np.einsum('ncf,ocf->nof',np.fft.rfft(x,n),np.conj(np.fft.rfft(wd,n))),n)
    return y[...,:L-wd.shape[-1]+1:s].astype(x.dtype)
""",
    dtypes=WIDE,
).lossy()
GLUB = backward(
    "glu",
    "halves",
    """
def glu_backward(g, x):
    a,b=np.split(x,2,axis=-1)
    e=np.exp(-np.abs(b)); s=np.where(b>=0,1/(1+e),e/(1+e)); r=np.where(b>=0,e/(1+e),1/(1+e))
    return np.concatenate([g*s, g*a*s*r],-1)
""",
)

ENTRIES = (
    FOLD,
    FOLD.wrong("last writer wins", PLAIN, "scatter", ("+= x[:,:,i,j]", "= x[:,:,i,j]")),
    FOLD.wrong(
        "divided by overlap",
        PLAIN,
        "factor",
        (
            "return big[:,:,p:p+H,p:p+W].astype",
            "cnt=np.zeros(big.shape[2:])\n    for i in range(I):\n        for j in range(J): cnt[i*d:i*d+s*(P-1)+1:s, j*d:j*d+s*(Q-1)+1:s]+=1\n    return (big/np.maximum(cnt,1))[:,:,p:p+H,p:p+W].astype",
        ),
    ),
    FOLD.wrong("kernel axes exchanged", LAYOUT, "transposed", ("x[:,:,i,j]", "(x[:,:,j,i] if I==J else x[:,:,i,j])")),
    UNFOLD,
    UNFOLD.wrong(
        "strides of C order assumed",
        LAYOUT,
        "layout",
        ("a,b,c,e = x.strides", "i=x.itemsize; a,b,c,e = C*H*W*i,H*W*i,W*i,i"),
        ("x = np.pad(x,((0,0),(0,0),(p,p),(p,p)))", "x = np.pad(x,((0,0),(0,0),(p,p),(p,p))) if p else x"),
    ),
    UNFOLD.wrong("edge padding", PLAIN, "other", ("(p,p)))", "(p,p)),mode='edge')")),
    REFL,
    REFL.wrong("symmetric", PLAIN, "off by one", ("reflect", "symmetric")),
    REFL.wrong("edge", PLAIN, "variant", ("reflect", "edge")),
    REFLB,
    REFLB.wrong("overwritten", PLAIN, "scatter", ("+= g[..., p]", "= g[..., p]")),
    REFLB.wrong(
        "padding dropped", PLAIN, "dropped term", ("for p in range(g.shape[-1]): dx[..., i[p]] += g[..., p]", "dx[...]=g[..., b:b+L]")
    ),
    REPLB,
    REPLB.wrong("right end not summed", PLAIN, "dropped term", ("d[...,-1]+=g[...,b+L:].sum(-1)", "pass")),
    UPS,
    UPS.wrong("tile", PLAIN, "other", ("np.repeat(x, int(scale), axis=-1)", "np.tile(x, int(scale))")),
    UPSB,
    UPSB.wrong("mean", PLAIN, "factor", (".sum(-1)", ".mean(-1)")),
    UPSB.wrong(
        "strided blocks",
        LAYOUT,
        "transposed",
        ("g.reshape(*x.shape, int(scale)).sum(-1)", "g.reshape(*x.shape[:-1], int(scale), x.shape[-1]).sum(-2)"),
    ),
    UPSB.wrong("first of each only", PLAIN, "dropped term", ("g.reshape(*x.shape, int(scale)).sum(-1)", "g[...,::int(scale)]")),
    CT1,
    CT1.wrong("kernel flipped", PLAIN, "other", ("w[:,:,k]", "w[:,:,K-1-k]")),
    CT1.wrong("overwrites", PLAIN, "scatter", ("]+=np", "]=np")),
    CT1.wrong("dilation ignored", PLAIN, "parameter", ("k*d:k*d+", "k:k+")),
    MP1,
    MP1.wrong("padded with zeros", PLAIN, "other", ("constant_values=-np.inf", "constant_values=0")),
    MP1.wrong("padded with -1e4", NUMERIC, "other", ("constant_values=-np.inf", "constant_values=-1e4")),
    MP1.wrong("dilation ignored", PLAIN, "parameter", ("i*d:i*d+", "i:i+")),
    MP1.wrong("starts at 0 (relu)", PLAIN, "other", ("y=x[...,:s*(P-1)+1:s].copy()", "y=np.maximum(x[...,:s*(P-1)+1:s],0)")),
    MP1B,
    MP1B.wrong("overlaps overwritten", PLAIN, "scatter", ("]+=g", "]=g")),
    MP1B.right(
        "last tie",
        (
            "a=xp[...,q*s:q*s+d*(k-1)+1:d].argmax(-1)*d+q*s",
            "win=xp[...,q*s:q*s+d*(k-1)+1:d]\n        a=(k-1-win[...,::-1].argmax(-1))*d+q*s",
        ),
    ),
    AP1,
    AP1.wrong(
        "padding not counted",
        CONVENTION,
        "factor",
        (
            "return w.mean(-1)[..., :P]",
            "o=np.pad(np.ones(x.shape[-1]-2*p),(p,p)); c=np.lib.stride_tricks.sliding_window_view(o,k)[::s].sum(-1)\n    return w.sum(-1)[..., :P]/c",
        ),
    ),
    AP1.inaccurate(
        "by cumulative sums",
        "cancellation",
        (
            "w=np.lib.stride_tricks.sliding_window_view(x,k,axis=-1)[...,::s,:]\n    return w.mean(-1)[..., :P]",
            "c=np.concatenate([np.zeros_like(x[...,:1]),np.cumsum(x,-1)],-1)\n    return ((c[...,k:]-c[...,:-k])/x.dtype.type(k))[...,::s]",
        ),
        dtypes=("float32",),
    ),
    GMP,
    GMP.wrong("shared as a mean", PLAIN, "other", ("np.put_along_axis(d,a[...,None],g[...,None],-1)", "d+=g[...,None]/(H*W)")),
    C3,
    C3.wrong("weights of the first group", PLAIN, "other", ("w[g*(O//G):(g+1)*(O//G)]", "w[:O//G]")),
    C3.wrong("interleaved channels", LAYOUT, "transposed", ("x[:,g*D:(g+1)*D]", "x[:,g::G]")),
    FFTC,
    FFTC.wrong(
        "circular",
        PLAIN,
        "other",
        ("n=L+wd.shape[-1]", "n=L"),
        ("return y[...,:L-wd.shape[-1]+1:s]", "y=np.roll(y,1,-1) if K>1 else y\n    return y[...,:L-wd.shape[-1]+1:s]"),
    ),
    FFTC.wrong("no conjugate", PLAIN, "other", ("np.conj(np.fft.rfft(wd,n))", "np.fft.rfft(wd,n)")),
    GLUB,
    GLUB.wrong("gate's slope missing", PLAIN, "dropped term", ("g*a*s*r", "g*a*s")),
    GLUB.inaccurate("1-s", "cancellation", ("r=np.where(b>=0,e/(1+e),1/(1+e))", "r=1-s")),
)
