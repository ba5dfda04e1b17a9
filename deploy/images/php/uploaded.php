<?php
// Reads out one uploaded file for the web server, which has no copy of it.
$root = '/var/www/html/wp-content/uploads';
$path = rawurldecode((string) parse_url($_SERVER['REQUEST_URI'] ?? '', PHP_URL_PATH));
$file = realpath('/var/www/html' . $path);
if ($file === false || !str_starts_with($file, $root . '/') || !is_file($file) || preg_match('/\.(php\d*|phtml|phar)$/i', $file)) {
    http_response_code(404);
    exit;
}

$types = [
    'jpg' => 'image/jpeg', 'jpeg' => 'image/jpeg', 'png' => 'image/png', 'gif' => 'image/gif', 'webp' => 'image/webp',
    'svg' => 'image/svg+xml', 'ico' => 'image/x-icon', 'pdf' => 'application/pdf', 'mp3' => 'audio/mpeg', 'mp4' => 'video/mp4',
    'css' => 'text/css', 'js' => 'text/javascript', 'txt' => 'text/plain',
];
$changed = gmdate('D, d M Y H:i:s', (int) filemtime($file)) . ' GMT';
header('Last-Modified: ' . $changed);
header('X-Content-Type-Options: nosniff');
if (($_SERVER['HTTP_IF_MODIFIED_SINCE'] ?? '') === $changed) {
    http_response_code(304);
    exit;
}

header('Content-Type: ' . ($types[strtolower(pathinfo($file, PATHINFO_EXTENSION))] ?? 'application/octet-stream'));
header('Content-Length: ' . filesize($file));
readfile($file);
