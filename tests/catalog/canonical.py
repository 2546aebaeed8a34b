"""What the catalogue must hold, by the names that texts and libraries use, and what it does not hold yet, with the reason."""

# fmt: off
NAMES = {
    "activations": """
        sigmoid tanh relu leaky_relu prelu elu gelu gelu_tanh softmax log_softmax identity softplus logsigmoid silu swish mish selu celu
        gelu_sigmoid relu6 relu_squared hardtanh hardsigmoid hardswish hardshrink softshrink tanhshrink softsign threshold softmin logsumexp
        glu swiglu geglu reglu maxout sparsemax gumbel_softmax rrelu snake exponential log1mexp logit squareplus logmeanexp sparse_plus
        sparse_sigmoid""",
    "losses": """
        mae mse huber smooth_l1 bce bce_clamped bce_with_logits bce_with_logits_weighted nll cross_entropy cross_entropy_probs
        cross_entropy_smoothed cross_entropy_weighted cross_entropy_ignore chamfer hungarian_matching hungarian_l1 hungarian_l2
        hungarian_chamfer cosine_similarity cosine_similarity_loss cosine_embedding clip_contrastive info_nce nt_xent kl_div js_div
        poisson_nll gaussian_nll student_t_nll log_cosh quantile hinge squared_hinge multi_margin soft_margin multilabel_soft_margin
        triplet_margin contrastive focal dice tversky jaccard iou giou diou ciou wing charbonnier arcface cosface ctc poly_loss
        gaussian_kl evidence_lower_bound policy_gradient ppo_clip generalized_kl kl_div_log_target linear_cross_entropy half_mse
        hinge_embedding margin_ranking multiclass_hinge multiclass_perceptron perceptron multiclass_sparsemax sparsemax_loss
        multilabel_margin ranking_softmax ctc_none""",
    "sequences": "exponential_average rnn lstm state_space advantage log_partition",
    "reductions": """
        mse_sum mse_none mae_sum mae_none huber_sum huber_none smooth_l1_sum smooth_l1_none bce_sum bce_none bce_with_logits_sum
        bce_with_logits_none nll_sum nll_none cross_entropy_sum cross_entropy_none cross_entropy_probs_sum cross_entropy_probs_none""",
    "normalization": """
        batch_norm_train batch_norm_infer batch_norm_unbiased batch_norm_statistics batch_norm_train_2d batch_norm_infer_2d
        batch_norm_statistics_2d layer_norm layer_norm_unbiased instance_norm group_norm rms_norm rms_norm_offset weight_norm spectral_norm
        local_response_norm l2_normalize standardize group_norm_channels""",
    "layers": """
        linear matmul add multiply sum mean max min amax embedding embedding_bag conv1d conv2d conv3d conv2d_grouped conv2d_depthwise
        conv2d_pointwise conv2d_separable conv_transpose1d conv_transpose2d conv_transpose3d max_pool1d max_pool2d avg_pool1d avg_pool2d
        global_avg_pool adaptive_avg_pool1d adaptive_avg_pool2d dropout residual_add concat upsample_nearest upsample_bilinear pixel_shuffle
        attention attention_masked attention_causal attention_scaled attention_alibi multi_head_attention rope lstm_cell gru_cell rnn_cell
        highway squeeze_excite bilinear outer einsum cumsum logcumsumexp gather scatter_add lora
        conv1d_causal conv2d_bias conv2d_same conv2d_padded conv2d_groups max_pool3d max_pool2d_ceil avg_pool3d avg_pool2d_ceil
        avg_pool2d_inside adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d global_max_pool
        l2_pool1d l2_pool2d l2_pool3d
        upsample_nearest1d upsample_linear1d embedding_sum bias_add norm
        pairwise_distance glu""",
    "waves": """
        squareplus isru isrlu arcsinh snake snake_beta gcu sinc elish hard_elish logish serf phish""",
    "robust": """
        pseudo_huber cauchy_loss geman_mcclure welsch general_robust arctan_loss von_mises_nll gumbel_nll logistic_nll weibull_nll
        itakura_saito rational_quadratic soft_assignment aspect_difference ciou_weighted""",
    "regularizers": """
        l1 l2 l2_half weight_decay elastic_net label_smoothing add_k_smoothing max_norm clip_by_value clip_by_norm""",
    "optimizers": """
        gradient_descent sgd_l2 sgd_momentum sgd_momentum_inside nesterov adagrad rmsprop adadelta rprop adam adam_l2 adamw
        adamw_fixed_decay adamax nadam radam amsgrad lion lamb lars adafactor sophia muon newton_schulz schedule_free ema polyak_averaging
        step_decay exponential_decay inverse_time_decay polynomial_decay cosine_decay linear_warmup warmup_cosine inverse_root_warmup
        rate_finder update_ratio""",
    "networks": "mlp mlp_deep residual_block transformer_block",
}
CALLED = {
    "einsum": "matmul",  # a pattern is a definition of its own: sum(a * b, "K")
    "polyak_averaging": "ema",
}
MISSING: dict[str, str] = {}
# fmt: on
