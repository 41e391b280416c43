// Pooling over planes of three axes: a thread for each element of the result, so that none is written twice.
// T is the type of the numbers, W that of a winner's place in its window, in row-major order.

struct Sizes { long long image[3], window[3], before[3], stride[3], output[3], counted[6]; };

// Position of the element number i of an array with these three axes, and its plane.
__device__ long long position(long long i, const long long *sizes, long long *at) {
    for (int axis = 2; axis >= 0; axis--) {
        at[axis] = i % sizes[axis];
        i /= sizes[axis];
    }
    return i;
}

__device__ long long element(long long plane, const long long *at, const long long *sizes) {
    return ((plane * sizes[0] + at[0]) * sizes[1] + at[1]) * sizes[2] + at[2];
}

// How many places of the window number `at` lie in the image and the part of the padding that counts.
__device__ long long places(const Sizes *s, const long long *at) {
    long long count = 1;
    for (int axis = 0; axis < 3; axis++) {
        long long start = at[axis] * s->stride[axis] - s->before[axis];
        long long first = max(start, -s->counted[axis]);
        long long last = min(start + s->window[axis], s->image[axis] + s->counted[3 + axis]);
        count *= max(last - first, 0LL);
    }
    return count;
}

// For an element of the image, the first and the last window along an axis that hold it.
__device__ void holders(const Sizes *s, const long long *at, long long *first, long long *last) {
    for (int axis = 0; axis < 3; axis++) {
        long long from_start = at[axis] + s->before[axis];
        long long reach = from_start - s->window[axis] + s->stride[axis];
        first[axis] = reach < 0 ? 0 : reach / s->stride[axis];
        last[axis] = min(from_start / s->stride[axis], s->output[axis] - 1);
    }
}

// The place that an element of the image has in the window number `at`.
__device__ long long place(const Sizes *s, const long long *element_at, const long long *at) {
    long long number = 0;
    for (int axis = 0; axis < 3; axis++)
        number = number * s->window[axis]
                 + element_at[axis] - (at[axis] * s->stride[axis] - s->before[axis]);
    return number;
}

// Of equal elements the first wins, a NaN wins over all numbers, the last one over other NaNs.
extern "C" __global__ void max_pool(
        const T *x, T *y, W *winners, long long size, const Sizes *s) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size) return;
    long long at[3], source[3], start[3], plane = position(i, s->output, at);
    for (int axis = 0; axis < 3; axis++) start[axis] = at[axis] * s->stride[axis] - s->before[axis];
    T best = 0;
    long long winner = -1, number = 0;
    for (long long a = 0; a < s->window[0]; a++)
        for (long long b = 0; b < s->window[1]; b++)
            for (long long c = 0; c < s->window[2]; c++, number++) {
                source[0] = start[0] + a;
                source[1] = start[1] + b;
                source[2] = start[2] + c;
                bool inside = true;
                for (int axis = 0; axis < 3; axis++)
                    inside = inside && source[axis] >= 0 && source[axis] < s->image[axis];
                if (!inside) continue;
                T value = x[element(plane, source, s->image)];
                if (winner < 0 || value > best || value != value) {
                    best = value;
                    winner = number;
                }
            }
    y[i] = best;
    winners[i] = (W)winner;
}

extern "C" __global__ void max_pool_adjoint(
        const T *d_y, const W *winners, T *d_x, long long size, const Sizes *s) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size) return;
    long long at[3], first[3], last[3], window[3], plane = position(i, s->image, at);
    holders(s, at, first, last);
    T sum = 0;
    for (window[0] = first[0]; window[0] <= last[0]; window[0]++)
        for (window[1] = first[1]; window[1] <= last[1]; window[1]++)
            for (window[2] = first[2]; window[2] <= last[2]; window[2]++) {
                long long j = element(plane, window, s->output);
                if (winners[j] == (W)place(s, at, window)) sum += d_y[j];
            }
    d_x[i] = sum;
}

extern "C" __global__ void take_winners(
        const T *x, const W *winners, T *y, long long size, const Sizes *s) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size) return;
    long long at[3], inside[3], plane = position(i, s->output, at);
    position(winners[i], s->window, inside);
    for (int axis = 0; axis < 3; axis++)
        at[axis] = at[axis] * s->stride[axis] - s->before[axis] + inside[axis];
    y[i] = x[element(plane, at, s->image)];
}

extern "C" __global__ void average_pool(const T *x, T *y, long long size, const Sizes *s) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size) return;
    long long at[3], source[3], first[3], last[3], plane = position(i, s->output, at);
    for (int axis = 0; axis < 3; axis++) {
        long long start = at[axis] * s->stride[axis] - s->before[axis];
        first[axis] = max(start, 0LL);
        last[axis] = min(start + s->window[axis], s->image[axis]);
    }
    T sum = 0;
    for (source[0] = first[0]; source[0] < last[0]; source[0]++)
        for (source[1] = first[1]; source[1] < last[1]; source[1]++)
            for (source[2] = first[2]; source[2] < last[2]; source[2]++)
                sum += x[element(plane, source, s->image)];
    y[i] = sum / (T)places(s, at);
}

extern "C" __global__ void average_pool_adjoint(
        const T *d_y, T *d_x, long long size, const Sizes *s) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size) return;
    long long at[3], first[3], last[3], window[3], plane = position(i, s->image, at);
    holders(s, at, first, last);
    T sum = 0;
    for (window[0] = first[0]; window[0] <= last[0]; window[0]++)
        for (window[1] = first[1]; window[1] <= last[1]; window[1]++)
            for (window[2] = first[2]; window[2] <= last[2]; window[2]++)
                sum += d_y[element(plane, window, s->output)] / (T)places(s, window);
    d_x[i] = sum;
}
