"""Road pricing: what is charged where and when, how drivers answer, who pays."""
