<?php
// Counts what stands on the sites of the laboratory, straight from their
// databases: no REST, no WordPress code and nothing of dongbo's.
//
//   php count.php RUN_DIRECTORY
//
// Prints one JSON document: a list with one object per site, in the order of
// sites.txt.
//
//   url                 the site
//   items[]             what carries an article key (`cs-` and 24 hexadecimal
//                       digits) in its slug or text, in every status, trash
//                       included; ordered by id:
//     id key type status slug title content
//     keys[]            all different keys in slug and text; more than one is a mix-up
//     date_gmt          "YYYY-MM-DD HH:MM:SS", UTC
//     categories[]      names
//     featured          id of an attachment that exists, or null
//     featured_slug     its slug, or null
//     links[]           addresses that the text links to
//     comments pings    "open" or "closed"
//   by_status           items per status
//   duplicates          key → ids, where more than one item carries it
//   featured            number of items with a picture that exists
//   media[]             attachments whose slug or file carries a media key
//                       (`cm-` and 32 hexadecimal digits): id, key, slug
//   media_duplicates    media key → ids, where more than one attachment carries it
//   foreign[]           every other post, page and attachment: id, type, status,
//                       checksum over all that an editor or citizen can see
[, $run] = $argv + [1 => ''];
$sites = @file("$run/sites.txt", FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES);
if (!$sites) {
    fwrite(STDERR, "there is no laboratory in `$run`\n");
    exit(1);
}
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$report = array_map(fn ($line) => site($run, strtok($line, ' ')), $sites);
echo json_encode($report, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRETTY_PRINT | JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE), "\n";

function site(string $run, string $url): array {
    $db = new mysqli(null, 'root', '', 'wp_' . parse_url($url, PHP_URL_PORT), 0, "$run/my.sock");
    $db->set_charset('utf8mb4');
    // One snapshot: a site that is being written to is counted as it was at one moment.
    $db->query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    $terms = terms($db);
    $pictures = pictures($db);
    $items = $media = $foreign = [];
    $rows = $db->query("SELECT * FROM wp_posts WHERE post_type NOT IN ('revision') ORDER BY ID");
    foreach ($rows as $row) {
        $id = (int) $row['ID'];
        $keys = article_keys($row);
        if ($row['post_type'] === 'attachment' && ($key = media_key($row)) !== null) {
            $media[] = ['id' => $id, 'key' => $key, 'slug' => $row['post_name']];
        } elseif ($row['post_type'] !== 'attachment' && $keys) {
            $items[] = item($row, $keys, $terms[$id] ?? [], $pictures[$id] ?? null);
        } else {
            $foreign[] = [
                'id' => $id, 'type' => $row['post_type'], 'status' => $row['post_status'],
                'checksum' => md5(json_encode([$row, $terms[$id] ?? [], $pictures[$id] ?? null], JSON_INVALID_UTF8_SUBSTITUTE)),
            ];
        }
    }
    $db->rollback();
    return [
        'url' => $url,
        'items' => $items,
        'by_status' => (object) array_count_values(array_column($items, 'status')),
        'duplicates' => (object) repeated($items),
        'featured' => count(array_filter(array_column($items, 'featured'))),
        'media' => $media,
        'media_duplicates' => (object) repeated($media),
        'foreign' => $foreign,
    ];
}

function item(array $row, array $keys, array $terms, ?array $picture): array {
    preg_match_all('/<a\s[^>]*?href\s*=\s*["\']([^"\']+)/i', $row['post_content'], $links);
    return [
        'id' => (int) $row['ID'],
        'key' => $keys[0],
        'keys' => $keys,
        'type' => $row['post_type'],
        'status' => $row['post_status'],
        'slug' => $row['post_name'],
        'title' => html_entity_decode($row['post_title'], ENT_QUOTES | ENT_HTML5),
        'content' => $row['post_content'],
        'date_gmt' => $row['post_date_gmt'],
        'categories' => $terms['category'] ?? [],
        'featured' => $picture['id'] ?? null,
        'featured_slug' => $picture['slug'] ?? null,
        'links' => array_values(array_unique(array_map(fn ($link) => html_entity_decode($link, ENT_QUOTES | ENT_HTML5), $links[1]))),
        'comments' => $row['comment_status'],
        'pings' => $row['ping_status'],
    ];
}

// The slug speaks first: an editor may quote another article's key in a text.
function article_keys(array $row): array {
    preg_match_all('/(?<![a-z0-9])cs-[0-9a-f]{24}(?![a-z0-9])/i', $row['post_name'] . "\n" . $row['post_content'], $found);
    return array_values(array_unique(array_map('strtolower', $found[0])));
}

function media_key(array $row): ?string {
    $found = preg_match('/(?<![a-z0-9])cm-[0-9a-f]{32}(?![a-z0-9])/i', $row['post_name'] . "\n" . $row['guid'], $match);
    return $found ? strtolower($match[0]) : null;
}

/** @return array<int, array<string, list<string>>> post id → taxonomy → names */
function terms(mysqli $db): array {
    $terms = [];
    $rows = $db->query('SELECT r.object_id, x.taxonomy, t.name FROM wp_term_relationships r
        JOIN wp_term_taxonomy x USING (term_taxonomy_id) JOIN wp_terms t USING (term_id) ORDER BY r.object_id, t.name');
    foreach ($rows as $row) {
        $terms[(int) $row['object_id']][$row['taxonomy']][] = html_entity_decode($row['name'], ENT_QUOTES | ENT_HTML5);
    }
    return $terms;
}

/** @return array<int, array{id: int, slug: string}> post id → its featured picture, if the attachment exists */
function pictures(mysqli $db): array {
    $pictures = [];
    $rows = $db->query("SELECT m.post_id, p.ID, p.post_name FROM wp_postmeta m
        JOIN wp_posts p ON p.ID = CAST(m.meta_value AS UNSIGNED) AND p.post_type = 'attachment'
        WHERE m.meta_key = '_thumbnail_id'");
    foreach ($rows as $row) {
        $pictures[(int) $row['post_id']] = ['id' => (int) $row['ID'], 'slug' => $row['post_name']];
    }
    return $pictures;
}

/** @return array<string, list<int>> */
function repeated(array $list): array {
    $ids = [];
    foreach ($list as $entry) {
        $ids[$entry['key']][] = $entry['id'];
    }
    return array_filter($ids, fn ($of) => count($of) > 1);
}
