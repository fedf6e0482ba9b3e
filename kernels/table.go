package kernels

// The kernels; what each computes stands above it in its source.
var (
	CastFwdBf16  = Kernel{"cast_fwd_bf16", "cast", "ppiii"}
	ExpandFwdF32 = Kernel{"expand_fwd_f32", "cast", "ppiii"}

	ReparamFwdF32           = Kernel{"reparam_fwd_f32", "code", "ppippiiii"}
	GaussianKlFwdF32        = Kernel{"gaussian_kl_fwd_f32", "code", "pppiidippp"}
	ReparamBwdF32           = Kernel{"reparam_bwd_f32", "code", "ppippppiiiiff"}
	ImportanceWeightsFwdF32 = Kernel{"importance_weights_fwd_f32", "code", "ppppppiiii"}
	ImportanceBwdF32        = Kernel{"importance_bwd_f32", "code", "ppipppppiiiif"}

	GatherFwdU8   = Kernel{"gather_fwd_u8", "gather", "ppppippiiiiifff"}
	GatherFwdF32  = Kernel{"gather_fwd_f32", "gather", "ppppippiiiiifff"}
	PrefetchFwdU8 = Kernel{"prefetch_fwd_u8", "gather", "pppiiiii"}
	TickU64       = Kernel{"tick_u64", "gather", "pi"}

	BiasActFwdF32     = Kernel{"bias_act_fwd_f32", "layer", "ppipppppiii"}
	ActFwdF32         = Kernel{"act_fwd_f32", "layer", "ppii"}
	ActBwdF32         = Kernel{"act_bwd_f32", "layer", "ppippiippi"}
	DropoutFwdF32     = Kernel{"dropout_fwd_f32", "layer", "ppipppiiifppi"}
	AddFwdF32         = Kernel{"add_fwd_f32", "layer", "ppippii"}
	CopyColumnsFwdF32 = Kernel{"copy_columns_fwd_f32", "layer", "ppiiii"}
	ScaleRowsFwdF32   = Kernel{"scale_rows_fwd_f32", "layer", "ppippii"}
	ColumnSumsFwdF32  = Kernel{"column_sums_fwd_f32", "layer", "pppiiiidipp"}

	LossSquaredBwdF32     = Kernel{"loss_squared_bwd_f32", "loss", "ppipppiiifppi"}
	LossBernoulliBwdF32   = Kernel{"loss_bernoulli_bwd_f32", "loss", "ppipppiiifppi"}
	LossGaussianBwdF32    = Kernel{"loss_gaussian_bwd_f32", "loss", "ppipppiiifppi"}
	LossCategoricalBwdF32 = Kernel{"loss_categorical_bwd_f32", "loss", "ppipppiiifppi"}
	CorrectFwdF32         = Kernel{"correct_fwd_f32", "loss", "pppiipp"}
	AccumulateFwdF32      = Kernel{"accumulate_fwd_f32", "loss", "ppidpp"}

	SparseKlBwdF32        = Kernel{"sparse_kl_bwd_f32", "penalty", "ppippppiifffppi"}
	L1BwdF32              = Kernel{"l1_bwd_f32", "penalty", "ppipppppiidfppipp"}
	RowSquaresFwdF32      = Kernel{"row_squares_fwd_f32", "penalty", "ppii"}
	ContractShallowBwdF32 = Kernel{"contract_shallow_bwd_f32", "penalty", "ppipppppppiiiidfippp"}
	ScaledRowsBwdF32      = Kernel{"scaled_rows_bwd_f32", "penalty", "pppii"}
	ProbesFwdF32          = Kernel{"probes_fwd_f32", "penalty", "ppiiiii"}
	DerivativeFwdF32      = Kernel{"derivative_fwd_f32", "penalty", "ppippiiii"}
	DerivativeBwdF32      = Kernel{"derivative_bwd_f32", "penalty", "ppippppiiii"}
	SquareSumBwdF32       = Kernel{"square_sum_bwd_f32", "penalty", "ppippiidfpp"}

	TopkFwdF32 = Kernel{"topk_fwd_f32", "topk", "ppipiii"}
	TopkBwdF32 = Kernel{"topk_bwd_f32", "topk", "ppipppiippi"}

	CheckFwdF32  = Kernel{"check_fwd_f32", "update", "ppppiipippppd"}
	UpdateFwdF32 = Kernel{"update_fwd_f32", "update", "ppppppiiiifffffpiip"}
	LambFwdF32   = Kernel{"lamb_fwd_f32", "update", "ppppppppiiifffffpp"}
	TrustFwdF32  = Kernel{"trust_fwd_f32", "update", "ppppppiipiip"}
)

// All lists every kernel.
var All = []Kernel{
	CastFwdBf16, ExpandFwdF32,
	ReparamFwdF32, GaussianKlFwdF32, ReparamBwdF32, ImportanceWeightsFwdF32, ImportanceBwdF32,
	GatherFwdU8, GatherFwdF32, PrefetchFwdU8, TickU64,
	BiasActFwdF32, ActFwdF32, ActBwdF32, DropoutFwdF32, AddFwdF32, CopyColumnsFwdF32, ScaleRowsFwdF32, ColumnSumsFwdF32,
	LossSquaredBwdF32, LossBernoulliBwdF32, LossGaussianBwdF32, LossCategoricalBwdF32, CorrectFwdF32, AccumulateFwdF32,
	SparseKlBwdF32, L1BwdF32, RowSquaresFwdF32, ContractShallowBwdF32, ScaledRowsBwdF32, ProbesFwdF32, DerivativeFwdF32, DerivativeBwdF32, SquareSumBwdF32,
	TopkFwdF32, TopkBwdF32,
	CheckFwdF32, UpdateFwdF32, LambFwdF32, TrustFwdF32,
}
