using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Polly;
using Polly.Retry;

namespace RpiAgent.Consul;

/// <summary>An answer as it came: 2xx, or a status the call declared to be an answer too.</summary>
internal readonly record struct ConsulReply(HttpStatusCode Status, ulong Index, byte[] Body)
{
    public bool IsTrue => Encoding.UTF8.GetString(Body).Trim() == "true";
}

/// <summary>One call: what it is in words, and how it goes over the wire.</summary>
/// <param name="Idempotent">May be repeated when the answer was lost.</param>
/// <param name="AlsoAnswer">A status that is an answer here, not a failure.</param>
internal sealed record ConsulCall(HttpMethod Method, string Path, string Verb, string Target, bool Idempotent)
{
    public byte[]? Body { get; init; }
    public HttpStatusCode? AlsoAnswer { get; init; }
    public TimeSpan ExtraTimeout { get; init; }
}

/// <summary>Sends calls, repeats idempotent ones a bounded number of times, and turns failures into <see cref="ConsulException"/>.</summary>
internal sealed class ConsulTransport : IDisposable
{
    private readonly ConsulOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly ResiliencePipeline _retry;
    private int _current;

    public ConsulTransport(ConsulOptions options, TimeProvider time)
    {
        if (options.Urls.IsDefaultOrEmpty)
        {
            throw new ArgumentException("Consul: no URL is configured", nameof(options));
        }

        _options = options;
        _time = time;
        SocketsHttpHandler handler = new()
        {
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
        };
        if (options.Tls is SslClientAuthenticationOptions tls)
        {
            handler.SslOptions = tls;
        }

        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _retry = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<ConsulException>(fault => fault.IsTransient),
                MaxRetryAttempts = Math.Max(options.Retries, 1),
                Delay = options.RetryDelay,
                MaxDelay = TimeSpan.FromSeconds(2),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            })
            .Build();
    }

    public async Task<ConsulReply> SendAsync(ConsulCall call, CancellationToken cancel)
    {
        if (!call.Idempotent || _options.Retries == 0)
        {
            return await SendOnceAsync(call, cancel);
        }

        return await _retry.ExecuteAsync(
            static async (state, token) => await state.Transport.SendOnceAsync(state.Call, token),
            (Transport: this, Call: call), cancel);
    }

    public async Task<T> SendAsync<T>(ConsulCall call, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        ConsulReply reply = await SendAsync(call, cancel);
        return Read(call, reply, type);
    }

    public static T Read<T>(ConsulCall call, ConsulReply reply, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(reply.Body, type)
                ?? throw new ConsulException(ConsulFault.Server, call.Verb, call.Target, "the answer is null");
        }
        catch (JsonException broken)
        {
            throw new ConsulException(ConsulFault.Server, call.Verb, call.Target, $"the answer cannot be read: {broken.Message}", broken);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<ConsulReply> SendOnceAsync(ConsulCall call, CancellationToken cancel)
    {
        int index = Volatile.Read(ref _current);
        Uri url = _options.Urls[index % _options.Urls.Length];
        TimeSpan limit = _options.Timeout + call.ExtraTimeout;
        using CancellationTokenSource timeout = new(limit, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            using HttpRequestMessage request = new(call.Method, new Uri(url, call.Path));
            if (_options.Token.Length > 0)
            {
                request.Headers.Add("X-Consul-Token", _options.Token);
            }

            if (call.Body is byte[] body)
            {
                request.Content = new ByteArrayContent(body);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            }

            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            byte[] content = await response.Content.ReadAsByteArrayAsync(either.Token);
            return response.IsSuccessStatusCode || response.StatusCode == call.AlsoAnswer
                ? new ConsulReply(response.StatusCode, IndexOf(response), content)
                : throw ConsulException.FromAnswer(response.StatusCode, Encoding.UTF8.GetString(content), call.Verb, call.Target);
        }
        catch (OperationCanceledException late) when (timeout.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            Skip(index);
            throw new ConsulException(ConsulFault.Unreachable, call.Verb, call.Target, $"no answer from {url} within {limit.TotalSeconds:0.#} s", late);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or AuthenticationException)
        {
            Skip(index);
            throw new ConsulException(ConsulFault.Unreachable, call.Verb, call.Target, $"{url}: {Innermost(broken)}", broken);
        }
    }

    private void Skip(int failed) => Interlocked.CompareExchange(ref _current, (failed + 1) % _options.Urls.Length, failed);

    private static string Innermost(Exception fault)
    {
        Exception deepest = fault;
        while (deepest.InnerException is Exception inner)
        {
            deepest = inner;
        }

        return deepest == fault ? fault.Message : $"{fault.Message} ({deepest.Message})";
    }

    private static ulong IndexOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("X-Consul-Index", out IEnumerable<string>? values)
        && ulong.TryParse(values.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out ulong index)
            ? index
            : 0;
}
