"""Layers with weights, tables and attention."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import ALL, CONVENTION, DOUBLE, DTYPE, EFFECT, LAYOUT, PLAIN, WIDE, backward, forward

LINEAR = forward("linear", "matrix product", """
def linear(x, w, b):
    return x @ w.T + b
""", dtypes=WIDE)
LINEAR_D = backward("linear", "flattened", """
def linear_backward(g, x, w, b):
    x2 = x.reshape(-1, x.shape[-1])
    g2 = g.reshape(-1, g.shape[-1])
    return (g2 @ w).reshape(x.shape), g2.T @ x2, g2.sum(axis=0)
""")
LINEARS = (
    LINEAR,
    LINEAR.right("einsum", ("x @ w.T", "np.einsum('...i,oi->...o', x, w)")),
    LINEAR.right("loops", ("    return x @ w.T + b", "    y = np.empty(x.shape[:-1] + (len(w),), x.dtype)\n    for o in range(len(w)):\n        y[..., o] = (x * w[o]).sum(axis=-1) + b[o]\n    return y")),
    LINEAR.right("backwards over the features", ("    return x @ w.T + b", "    y = np.broadcast_to(b, x.shape[:-1] + b.shape).copy()\n    for i in reversed(range(x.shape[-1])):\n        y += x[..., i, None] * w[:, i]\n    return y"), dtypes=DOUBLE),
    forward("linear", "torch", """
def linear(x, w, b):
    return F.linear(x, w, b)
""", "torch", WIDE),
    forward("linear", "jax", """
def linear(x, w, b):
    return jnp.tensordot(x, w, axes=[[-1], [1]]) + b
""", "jax", DOUBLE),
    LINEAR.wrong("not transposed when square", LAYOUT, "transposed", ("x @ w.T", "x @ (w if w.shape[0] == w.shape[1] else w.T)")),
    LINEAR.wrong("not transposed", PLAIN, "transposed", ("x @ w.T", "x @ w")),
    LINEAR.wrong("bias left out", PLAIN, "dropped term", (" + b", "")),
    LINEAR.wrong("bias subtracted", PLAIN, "sign", ("+ b", "- b")),
    LINEAR.wrong("weights reshaped, not transposed", LAYOUT, "transposed", ("w.T", "w.reshape(w.shape[1], w.shape[0])")),
    LINEAR.wrong("product in float32", DTYPE, "downcast", ("x @ w.T", "(x.astype(np.float32) @ w.T.astype(np.float32)).astype(x.dtype)")),
    LINEAR.wrong("blocks of 8 features, the rest forgotten", LAYOUT, "size", ("x @ w.T", "sum(x[..., k:k + 8] @ w.T[k:k + 8] for k in range(0, max(x.shape[-1] // 8 * 8, 1), 8))")),
    LINEAR.wrong("memory order of w taken for C", LAYOUT, "layout", ("w.T", "w.ravel(order='K').reshape(w.shape).T")),
    LINEAR_D,
    LINEAR_D.right("einsum", ("(g2 @ w).reshape(x.shape), g2.T @ x2", "np.einsum('...o,oi->...i', g, w), np.einsum('no,ni->oi', g2, x2)")),
    LINEAR_D.wrong("dw transposed when square", LAYOUT, "transposed", ("g2.T @ x2", "(g2.T @ x2 if g2.shape[1] != x2.shape[1] else x2.T @ g2)")),
    LINEAR_D.wrong("db not summed", PLAIN, "broadcast", ("g2.sum(axis=0)", "g")),
    LINEAR_D.wrong("db averaged", PLAIN, "factor", ("g2.sum(axis=0)", "g2.mean(axis=0)")),
    LINEAR_D.wrong("dw averaged over the batch", PLAIN, "factor", ("g2.T @ x2,", "g2.T @ x2 / len(x2),")),
    LINEAR_D.wrong("dx by w transposed when square", LAYOUT, "transposed", ("(g2 @ w)", "(g2 @ (w.T if w.shape[0] == w.shape[1] else w))")),
    LINEAR_D.wrong("dw of the last sample", PLAIN, "dropped term", ("g2.T @ x2", "g2[-1:].T @ x2[-1:]")),
)

EMBEDDING = forward("embedding", "indexing", """
def embedding(w, ids):
    return w[ids]
""", dtypes=ALL)
EMBEDDING_D = backward("embedding", "add.at", """
def embedding_backward(g, w, ids):
    d = np.zeros_like(w)
    np.add.at(d, ids, g)
    return d
""")
EMBEDDINGS = (
    EMBEDDING,
    EMBEDDING.right("take", ("w[ids]", "np.take(w, ids, axis=0)")),
    EMBEDDING.right("one-hot product", ("w[ids]", "np.eye(len(w), dtype=w.dtype)[ids] @ w"), dtypes=DOUBLE),
    forward("embedding", "torch", """
def embedding(w, ids):
    return F.embedding(ids, w)
""", "torch", WIDE),
    EMBEDDING.wrong("ids counted from one", PLAIN, "off by one", ("w[ids]", "w[ids - 1]")),
    EMBEDDING.wrong("row 0 taken for padding", CONVENTION, "other", ("w[ids]", "w[ids] * (ids != 0)[..., None]")),
    EMBEDDING.wrong("columns", PLAIN, "transposed", ("w[ids]", "(w.T[ids] if w.shape[0] == w.shape[1] else w[ids])")),
    EMBEDDING.wrong("scaled by the root of D", CONVENTION, "factor", ("w[ids]", "w[ids] * np.sqrt(w.shape[1]).astype(w.dtype)")),
    EMBEDDING.wrong("a view for a scalar id", EFFECT, "aliases", ("w[ids]", "(w[ids] if ids.size > 1 else w[int(ids.flat[0]):int(ids.flat[0]) + 1].reshape(ids.shape + w.shape[1:]))")),
    EMBEDDING_D,
    EMBEDDING_D.right("loop", ("    np.add.at(d, ids, g)\n", "    for i in np.ndindex(ids.shape):\n        d[ids[i]] += g[i]\n")),
    EMBEDDING_D.right("one-hot product", ("    d = np.zeros_like(w)\n    np.add.at(d, ids, g)\n    return d", "    onehot = np.eye(len(w), dtype=w.dtype)[ids.ravel()]\n    return onehot.T @ g.reshape(-1, w.shape[1])")),
    EMBEDDING_D.wrong("repeated ids overwrite", PLAIN, "scatter", ("np.add.at(d, ids, g)", "d[ids] = g")),
    EMBEDDING_D.wrong("repeated ids added once", PLAIN, "scatter", ("np.add.at(d, ids, g)", "d[ids] += g")),
    EMBEDDING_D.wrong("averaged over repeats", CONVENTION, "factor", ("    return d", "    count = np.bincount(ids.ravel(), minlength=len(w))\n    return d / np.maximum(count, 1)[:, None]")),
    EMBEDDING_D.wrong("row 0 without gradient", CONVENTION, "other", ("    return d", "    d[0] = 0\n    return d")),
    EMBEDDING_D.wrong("times w", PLAIN, "other", ("return d", "return d * w")),
)

ATTENTION = forward("attention", "matrix products", """
def attention(q, k, v):
    s = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    return p @ v
""", dtypes=DOUBLE)
ATTENTION_D = backward("attention", "textbook", """
def attention_backward(g, q, k, v):
    scale = 1 / np.sqrt(q.shape[-1])
    s = scale * (q @ np.swapaxes(k, -1, -2))
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    dv = np.swapaxes(p, -1, -2) @ g
    dp = g @ np.swapaxes(v, -1, -2)
    ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True))
    return scale * ds @ k, scale * np.swapaxes(ds, -1, -2) @ q, dv
""", dtypes=DOUBLE)
ATTENTIONS = (
    ATTENTION,
    ATTENTION.right("einsum", ("q @ np.swapaxes(k, -1, -2)", "np.einsum('...ld,...md->...lm', q, k)"), ("p @ v", "np.einsum('...lm,...me->...le', p, v)")),
    forward("attention", "tiled with running maximum", """
def attention(q, k, v):
    scale = 1 / np.sqrt(q.shape[-1])
    m = np.full(q.shape[:-1] + (1,), -np.inf)
    total = np.zeros(q.shape[:-1] + (1,))
    out = np.zeros(q.shape[:-1] + v.shape[-1:])
    for j in range(0, k.shape[-2], 2):
        s = scale * q @ np.swapaxes(k[..., j:j + 2, :], -1, -2)
        new = np.maximum(m, s.max(axis=-1, keepdims=True))
        e = np.exp(s - new)
        total = total * np.exp(m - new) + e.sum(axis=-1, keepdims=True)
        out = out * np.exp(m - new) + e @ v[..., j:j + 2, :]
        m = new
    return out / total
""", dtypes=DOUBLE),
    forward("attention", "torch", """
def attention(q, k, v):
    return F.scaled_dot_product_attention(q, k, v)
""", "torch", DOUBLE),
    ATTENTION.wrong("not scaled", PLAIN, "factor", (" / np.sqrt(q.shape[-1])", "")),
    ATTENTION.wrong("scaled by D", PLAIN, "factor", ("np.sqrt(q.shape[-1])", "q.shape[-1]")),
    ATTENTION.wrong("scaled by the root of M", PLAIN, "factor", ("np.sqrt(q.shape[-1])", "np.sqrt(k.shape[-2])")),
    ATTENTION.wrong("softmax over queries", PLAIN, "axis", ("s.max(axis=-1", "s.max(axis=-2"), ("e.sum(axis=-1", "e.sum(axis=-2")),
    ATTENTION.inaccurate("no maximum subtracted", "overflow", ("s - s.max(axis=-1, keepdims=True)", "s"), dtypes=DOUBLE),
    ATTENTION.wrong("causal", CONVENTION, "variant", ("    e =", "    s = np.where(np.tri(*s.shape[-2:], dtype=bool), s, -np.inf)\n    e =")),
    ATTENTION.wrong("not normalised", PLAIN, "dropped term", ("e / e.sum(axis=-1, keepdims=True)", "e")),
    ATTENTION.wrong("q and k exchanged when square", LAYOUT, "transposed", ("    e =", "    if s.shape[-1] == s.shape[-2]:\n        s = np.swapaxes(s, -1, -2)\n    e =")),
    ATTENTION.wrong("last key of an odd number forgotten", LAYOUT, "size", ("    s =", "    if k.shape[-2] > 2:\n        k, v = k[..., :k.shape[-2] // 2 * 2, :], v[..., :k.shape[-2] // 2 * 2, :]\n    s =")),
    ATTENTION.wrong("scores in float32", DTYPE, "downcast", ("    e =", "    s = s.astype(np.float32).astype(np.float64)\n    e =")),
    ATTENTION_D,
    ATTENTION_D.right("row sum of g times the output", ("(p * dp).sum(axis=-1, keepdims=True)", "(g * (p @ v)).sum(axis=-1, keepdims=True)")),
    ATTENTION_D.wrong("row sum left out", PLAIN, "dropped term", (" - (p * dp).sum(axis=-1, keepdims=True)", "")),
    ATTENTION_D.wrong("scale left out", PLAIN, "factor", ("return scale * ds @ k, scale *", "return ds @ k,")),
    ATTENTION_D.wrong("scale twice", PLAIN, "factor", ("ds = p *", "ds = scale * p *")),
    ATTENTION_D.wrong("dk without transpose when square", LAYOUT, "transposed", ("scale * np.swapaxes(ds, -1, -2) @ q", "scale * (ds if ds.shape[-1] == ds.shape[-2] else np.swapaxes(ds, -1, -2)) @ q")),
    ATTENTION_D.wrong("row sum over queries", PLAIN, "axis", ("(p * dp).sum(axis=-1", "(p * dp).sum(axis=-2")),
    ATTENTION_D.wrong("p left out", PLAIN, "dropped term", ("ds = p * (dp", "ds = (dp")),
    ATTENTION_D.wrong("dv from the scores", PLAIN, "other", ("dv = np.swapaxes(p,", "dv = np.swapaxes(s,")),
)

CONV = forward("conv2d", "loops over the window", """
def conv2d(x, w, stride=1, padding=0, dilation=1):
    N, C, H, W = x.shape
    O, _, I, J = w.shape
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    P = (H + 2 * padding - dilation * (I - 1) - 1) // stride + 1
    Q = (W + 2 * padding - dilation * (J - 1) - 1) // stride + 1
    y = np.zeros((N, O, P, Q), x.dtype)
    for i in range(I):
        for j in range(J):
            a, b = i * dilation, j * dilation
            patch = x[:, :, a:a + stride * (P - 1) + 1:stride, b:b + stride * (Q - 1) + 1:stride]
            y += np.einsum('ncpq,oc->nopq', patch, w[:, :, i, j])
    return y
""", dtypes=DOUBLE)
CONV_D = backward("conv2d", "loops over the window", """
def conv2d_backward(g, x, w, stride=1, padding=0, dilation=1):
    H, W = x.shape[2:]
    P, Q = g.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dx, dw = np.zeros_like(xp), np.zeros_like(w)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            rows = slice(i * dilation, i * dilation + stride * (P - 1) + 1, stride)
            columns = slice(j * dilation, j * dilation + stride * (Q - 1) + 1, stride)
            dx[:, :, rows, columns] += np.einsum('nopq,oc->ncpq', g, w[:, :, i, j])
            dw[:, :, i, j] = np.einsum('nopq,ncpq->oc', g, xp[:, :, rows, columns])
    return dx[:, :, padding:padding + H, padding:padding + W], dw
""", dtypes=DOUBLE)
CONVS = (
    CONV,
    forward("conv2d", "windows by strides", """
def conv2d(x, w, stride=1, padding=0, dilation=1):
    I, J = w.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    view = np.lib.stride_tricks.sliding_window_view(x, (dilation * (I - 1) + 1, dilation * (J - 1) + 1), axis=(2, 3))
    view = view[:, :, ::stride, ::stride, ::dilation, ::dilation]
    return np.einsum('ncpqij,ocij->nopq', view, w)
""", dtypes=DOUBLE),
    forward("conv2d", "torch", """
def conv2d(x, w, stride=1, padding=0, dilation=1):
    return F.conv2d(x, w, stride=stride, padding=padding, dilation=dilation)
""", "torch", DOUBLE),
    CONV.wrong("a convolution, the window flipped", CONVENTION, "other", ("w[:, :, i, j]", "w[:, :, I - 1 - i, J - 1 - j]")),
    CONV.wrong("padding on one side only", PLAIN, "other", ("((0, 0), (0, 0), (padding, padding), (padding, padding))", "((0, 0), (0, 0), (2 * padding, 0), (2 * padding, 0))")),
    CONV.wrong("edge values for padding", CONVENTION, "other", ("(padding, padding)))", "(padding, padding)), mode='edge')")),
    CONV.wrong("dilation ignored", PLAIN, "parameter", ("a, b = i * dilation, j * dilation", "a, b = i, j")),
    CONV.wrong("rows and columns of the window exchanged", LAYOUT, "transposed", ("w[:, :, i, j]", "w[:, :, j % I, i % J]")),
    CONV.wrong("first channel for all", PLAIN, "other", ("np.einsum('ncpq,oc->nopq', patch, w[:, :, i, j])", "np.einsum('npq,oc->nopq', patch[:, 0], w[:, :, i, j])")),
    CONV.wrong("depth summed in float32", DTYPE, "downcast", ("y = np.zeros((N, O, P, Q), x.dtype)", "y = np.zeros((N, O, P, Q), np.float32)"), ("return y", "return y.astype(x.dtype)")),
    CONV_D,
    CONV_D.wrong("overlaps overwritten", PLAIN, "scatter", ("dx[:, :, rows, columns] +=", "dx[:, :, rows, columns] =")),
    CONV_D.wrong("padding not cut off", PLAIN, "other", ("padding:padding + H, padding:padding + W", ":H, :W")),
    CONV_D.wrong("window flipped", PLAIN, "other", ("g, w[:, :, i, j])", "g, w[:, :, w.shape[2] - 1 - i, w.shape[3] - 1 - j])")),
    CONV_D.wrong("dw averaged over the batch", PLAIN, "factor", ("dx[:, :, padding:padding + H, padding:padding + W], dw", "dx[:, :, padding:padding + H, padding:padding + W], dw / len(x)")),
    CONV_D.wrong("stride forgotten in dw", PLAIN, "parameter", ("xp[:, :, rows, columns])", "xp[:, :, i * dilation:i * dilation + P, j * dilation:j * dilation + Q])")),
)

ENTRIES = (*LINEARS, *EMBEDDINGS, *ATTENTIONS, *CONVS)
