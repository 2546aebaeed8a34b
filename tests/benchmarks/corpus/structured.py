"""Windows, masks, groups, cells and labels, as they are got wrong."""

from __future__ import annotations

from corpus.entry import CONVENTION, LAYOUT, PLAIN, backward, forward

CROSS_ENTROPY_SMOOTHED = forward(
    "cross_entropy_smoothed",
    "arrays, second hand",
    """
def cross_entropy_smoothed(logits, label, smoothing=0.1):
    s = logits - logits.max(1, keepdims=True)
    lp = s - np.log(np.exp(s).sum(1, keepdims=True))
    n = lp[np.arange(len(label)), label]
    return -np.mean((1-smoothing)*n + smoothing*lp.mean(1))
""",
    dtypes=("float64",),
)
CROSS_ENTROPY_WEIGHTED = forward(
    "cross_entropy_weighted",
    "arrays, second hand",
    """
def cross_entropy_weighted(logits, label, weight):
    s = logits - logits.max(1, keepdims=True)
    n = np.log(np.exp(s).sum(1)) - s[np.arange(len(label)), label]
    wl = weight[label]
    return np.sum(wl*n)/np.sum(wl)
""",
    dtypes=("float64",),
)
ROPE = forward(
    "rope",
    "arrays, second hand",
    """
def rope(x, base=10000.0):
    L,D=x.shape[-2:]
    a = np.arange(L)[:,None]*base**(-2*np.arange(D//2)/D)
    c,s=np.cos(a),np.sin(a)
    y=np.empty(x.shape, np.float64)
    y[...,::2]=x[...,::2]*c-x[...,1::2]*s
    y[...,1::2]=x[...,1::2]*c+x[...,::2]*s
    return y.astype(x.dtype)
""",
    dtypes=("float64",),
)
GROUP_NORM_CHANNELS = forward(
    "group_norm_channels",
    "arrays, second hand",
    """
def group_norm_channels(x, gamma, beta, groups=1, eps=1e-5):
    N,C,H,W = x.shape
    y = x.reshape(N,groups,-1)
    mu = y.mean(-1,keepdims=True); var=((y-mu)**2).mean(-1,keepdims=True)
    y = ((y-mu)/np.sqrt(var+eps)).reshape(x.shape)
    return y*gamma[:,None,None]+beta[:,None,None]
""",
    dtypes=("float64",),
)
CONV2D = forward(
    "conv2d",
    "arrays, second hand",
    """
def conv2d(x, w, stride=1, padding=0, dilation=1):
    s,p,d=int(stride),int(padding),int(dilation)
    x=np.pad(x,((0,0),(0,0),(p,p),(p,p)))
    N,C,H,W=x.shape; O,_,I,J=w.shape
    P=(H-d*(I-1)-1)//s+1; Q=(W-d*(J-1)-1)//s+1
    y=np.zeros((N,O,P,Q),x.dtype)
    for i in range(I):
        for j in range(J):
            y+=np.einsum('nchw,oc->nohw',x[:,:,i*d:i*d+s*(P-1)+1:s,j*d:j*d+s*(Q-1)+1:s],w[:,:,i,j])
    return y
""",
    dtypes=("float64",),
)
CONV1D_CAUSAL = forward(
    "conv1d_causal",
    "arrays, second hand",
    """
def conv1d_causal(x, w, dilation=1):
    d=int(dilation); N,C,L=x.shape; K=w.shape[2]
    p=d*(K-1); x=np.pad(x,((0,0),(0,0),(p,0)))
    return sum(np.einsum('ncl,oc->nol',x[:,:,k*d:k*d+L],w[:,:,k]) for k in range(K)).astype(x.dtype)
""",
    dtypes=("float64",),
)
LSTM_CELL = forward(
    "lstm_cell",
    "arrays, second hand",
    """
def lstm_cell(x, h, c, w, u, b):
    z = np.einsum('ni,ghi->ngh',x,w)+np.einsum('nj,ghj->ngh',h,u)+b
    s = special.expit
    i,f_,g,o = s(z[:,0]),s(z[:,1]),np.tanh(z[:,2]),s(z[:,3])
    c = f_*c+i*g
    return o*np.tanh(c), c
""",
    "scipy",
    dtypes=("float64",),
)
GRU_CELL = forward(
    "gru_cell",
    "arrays, second hand",
    """
def gru_cell(x, h, w, u, b, c):
    wx = np.einsum('ni,ghi->ngh',x,w)+b
    uh = np.einsum('nj,ghj->ngh',h,u)+c
    s = special.expit
    r,z = s(wx[:,0]+uh[:,0]),s(wx[:,1]+uh[:,1])
    n = np.tanh(wx[:,2]+r*uh[:,2])
    return (1-z)*n+z*h
""",
    "scipy",
    dtypes=("float64",),
)
ATTENTION_CAUSAL = forward(
    "attention_causal",
    "arrays, second hand",
    """
def attention_causal(q, k, v):
    s = q@np.swapaxes(k,-1,-2)/np.sqrt(q.shape[-1])
    L,M = s.shape[-2:]
    s = np.where(np.arange(M)[None]<=np.arange(L)[:,None], s, -np.inf)
    e = np.exp(s-s.max(-1,keepdims=True)); p = e/e.sum(-1,keepdims=True)
    return (p@v).astype(q.dtype)
""",
    dtypes=("float64",),
)
EMBEDDING_D = backward(
    "embedding",
    "arrays, second hand",
    """
def embedding_backward(g, w, ids):
    d = np.zeros_like(w); np.add.at(d, ids, g); return d
""",
    dtypes=("float64",),
)

ENTRIES = (
    CROSS_ENTROPY_SMOOTHED,
    CROSS_ENTROPY_SMOOTHED.wrong(
        "K-1, second hand", PLAIN, "factor", ("smoothing*lp.mean(1)", "smoothing*(lp.sum(1)-n)/(lp.shape[1]-1 if lp.shape[1]>1 else 1)")
    ),
    CROSS_ENTROPY_SMOOTHED.wrong("sum not mean, second hand", PLAIN, "factor", ("lp.mean(1)", "lp.sum(1)")),
    CROSS_ENTROPY_SMOOTHED.wrong("1-smoothing missing, second hand", PLAIN, "parameter", ("(1-smoothing)*n", "n")),
    CROSS_ENTROPY_WEIGHTED,
    CROSS_ENTROPY_WEIGHTED.wrong("divided by N, second hand", PLAIN, "factor", ("/np.sum(wl)", "/len(label)")),
    CROSS_ENTROPY_WEIGHTED.wrong("divided by sum of weights, second hand", PLAIN, "axis", ("/np.sum(wl)", "/np.sum(weight)")),
    CROSS_ENTROPY_WEIGHTED.wrong("sum, second hand", PLAIN, "factor", ("/np.sum(wl)", "")),
    ROPE,
    ROPE.wrong("sign, second hand", PLAIN, "sign", ("*c-x", "*c+x")),
    ROPE.wrong("position from 1, second hand", PLAIN, "off by one", ("np.arange(L)[:,None]", "(np.arange(L)[:,None]+1)")),
    ROPE.wrong("frequency without factor 2, second hand", PLAIN, "factor", ("-2*np.arange", "-np.arange")),
    ROPE.wrong("base hard coded, second hand", CONVENTION, "parameter", ("base**(-2", "10000.0**(-2")),
    GROUP_NORM_CHANNELS,
    GROUP_NORM_CHANNELS.wrong("groups ignored, second hand", PLAIN, "parameter", ("x.reshape(N,groups,-1)", "x.reshape(N,1,-1)")),
    GROUP_NORM_CHANNELS.wrong(
        "interleaved groups, second hand",
        LAYOUT,
        "transposed",
        ("y = x.reshape(N,groups,-1)", "y = x.reshape(N,C//groups,groups,H*W).transpose(0,2,1,3).reshape(N,groups,-1)"),
        ("reshape(x.shape)", "reshape(N,groups,C//groups,H*W).transpose(0,2,1,3).reshape(x.shape)"),
    ),
    CONV2D,
    CONV2D.wrong("true convolution, second hand", PLAIN, "other", ("w[:,:,i,j])", "w[:,:,I-1-i,J-1-j])")),
    CONV2D.wrong("dilation ignored in one, second hand", PLAIN, "parameter", ("j*d:j*d+s*(Q-1)+1:s", "j:j+s*(Q-1)+1:s")),
    CONV2D.wrong(
        "kernel transposed if square, second hand",
        LAYOUT,
        "transposed",
        ("O,_,I,J=w.shape", "w = w.swapaxes(2,3) if w.shape[2]==w.shape[3] else w; O,_,I,J=w.shape"),
    ),
    CONV1D_CAUSAL,
    CONV1D_CAUSAL.wrong("flipped, second hand", PLAIN, "other", ("w[:,:,k])", "w[:,:,K-1-k])")),
    CONV1D_CAUSAL.wrong("same padding, second hand", PLAIN, "other", ("(p,0)", "(p//2,p-p//2)")),
    LSTM_CELL,
    LSTM_CELL.wrong("tanh missing on output, second hand", PLAIN, "other", ("o*np.tanh(c)", "o*c")),
    LSTM_CELL.wrong("i and f swapped, second hand", PLAIN, "other", ("f_*c+i*g", "i*c+f_*g")),
    GRU_CELL.lossy(),
    GRU_CELL.wrong("z turned, second hand", PLAIN, "sign", ("(1-z)*n+z*h", "z*n+(1-z)*h")),
    GRU_CELL.wrong("reset ignored, second hand", PLAIN, "dropped term", ("r*uh[:,2]", "uh[:,2]")),
    ATTENTION_CAUSAL,
    ATTENTION_CAUSAL.wrong(
        "strict, second hand",
        PLAIN,
        "off by one",
        ("np.arange(M)[None]<=np.arange(L)[:,None]", "(np.arange(M)[None]<np.arange(L)[:,None])|(np.arange(M)[None]==0)"),
    ),
    ATTENTION_CAUSAL.wrong(
        "off by one forward, second hand",
        PLAIN,
        "off by one",
        ("np.arange(M)[None]<=np.arange(L)[:,None]", "np.arange(M)[None]<=np.arange(L)[:,None]+1"),
    ),
    ATTENTION_CAUSAL.wrong(
        "no mask, second hand", CONVENTION, "variant", ("s = np.where(np.arange(M)[None]<=np.arange(L)[:,None], s, -np.inf)", "")
    ),
    EMBEDDING_D,
    EMBEDDING_D.wrong("repeated overwrite, second hand", PLAIN, "scatter", ("np.add.at(d, ids, g)", "d[ids] = g")),
    EMBEDDING_D.wrong(
        "divided by count, second hand",
        PLAIN,
        "factor",
        ("return d", "return d/np.maximum(np.bincount(ids.ravel(),minlength=len(w)),1)[:,None]"),
    ),
)
